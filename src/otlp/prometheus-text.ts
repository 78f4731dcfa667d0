import type { Labels, MetricKind } from '../core/metric.ts';
import type { RemotePoint } from './remote-point.ts';

export interface TextBounds {
	/** Most samples that are read of a page. */
	samples: number;
	labels: number;
	/** Most characters of a name of a metric or a label, and of a label's value; what is longer is left out. */
	chars: number;
}

export const TEXT_BOUNDS: TextBounds = { samples: 5000, labels: 16, chars: 128 };

export interface Page {
	points: RemotePoint[];
	/** Samples that were not understood, or over a bound. */
	skipped: number;
}

interface Sample {
	name: string;
	labels: Record<string, string>;
	value: number;
}

/** A histogram or summary as it is gathered from its lines. */
interface Gathered {
	name: string;
	labels: Labels;
	bounds: number[];
	cumulative: number[];
	sum: number;
}

const MOST_BOUNDS = 64;
/** Kinds by the word after `# TYPE`; any other is taken as a gauge. */
const KINDS: Readonly<Record<string, MetricKind>> = { counter: 'counter', histogram: 'histogram' };

/** Reads a page in Prometheus' text format (0.0.4) or OpenMetrics. `owner` is put to the labels of each, over the page's own. */
export function readPage(text: string, owner: Labels, nowMs: number, bounds: TextBounds = TEXT_BOUNDS): Page {
	const reader = new PageReader({ owner, nowMs, bounds });
	let at = 0;
	while (at < text.length) {
		const end = text.indexOf('\n', at);
		const stop = end < 0 ? text.length : end;
		if (!reader.line(text.slice(at, stop))) break;
		at = stop + 1;
	}
	return reader.done();
}

class PageReader {
	readonly #owner: Labels;
	readonly #nowMs: number;
	readonly #bounds: TextBounds;
	readonly #types = new Map<string, string>();
	readonly #histograms = new Map<string, Gathered>();
	readonly #points: RemotePoint[] = [];
	#samples = 0;
	#skipped = 0;

	constructor({ owner, nowMs, bounds }: { owner: Labels; nowMs: number; bounds: TextBounds }) {
		this.#owner = owner;
		this.#nowMs = nowMs;
		this.#bounds = bounds;
	}

	/** False: the page ends here. */
	line(raw: string): boolean {
		const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
		if (line === '# EOF') return false;
		if (line.startsWith('# TYPE ') && this.#types.size < this.#bounds.samples) {
			const [name = '', type = ''] = line.slice(7).split(' ', 2);
			if (name.length <= this.#bounds.chars) this.#types.set(name, type);
		}
		if (line === '' || line.startsWith('#')) return true;
		if (++this.#samples > this.#bounds.samples) this.#skipped++;
		else {
			const sample = sampleOf(line, this.#bounds);
			if (sample === undefined) this.#skipped++;
			else this.#take(sample);
		}
		return true;
	}

	done(): Page {
		for (const gathered of this.#histograms.values()) this.#histogram(gathered);
		return { points: this.#points, skipped: this.#skipped };
	}

	#take({ name, labels, value }: Sample): void {
		const family = /^(.*)_(bucket|sum|count|total|created)$/.exec(name);
		const [, stem = name, end = ''] = family ?? [];
		const type = this.#types.get(stem) ?? '';
		if (end === 'created' && type !== '') return;
		if (type === 'histogram' && end !== '' && end !== 'total') this.#gather({ name: stem, labels, value }, end);
		else if (!Number.isFinite(value)) this.#skipped++;
		else {
			const total = end === 'total' && type === 'counter';
			const ofSummary = type === 'summary' && (end === 'sum' || end === 'count');
			const kind = total || ofSummary ? 'counter' : KINDS[this.#types.get(name) ?? ''];
			this.#add(name, kind === 'counter' ? 'counter' : 'gauge', { labels, value, bounds: [], counts: [] });
		}
	}

	#gather({ name, labels, value }: Sample, end: string): void {
		const { le, ...others } = labels;
		const key = `${name} ${JSON.stringify(Object.entries(others).sort())}`;
		const known = this.#histograms.get(key);
		const gathered = known ?? { name, labels: others, bounds: [], cumulative: [], sum: 0 };
		if (known === undefined) this.#histograms.set(key, gathered);
		if (end === 'sum') gathered.sum = value;
		if (end !== 'bucket' || le === undefined) return;
		gathered.bounds.push(le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));
		gathered.cumulative.push(value);
	}

	/** Only one whose buckets rise to +Inf. */
	#histogram({ name, labels, bounds, cumulative, sum }: Gathered): void {
		const rises = (values: readonly number[], strictly: boolean): boolean =>
			values.every(
				(value, i) => i === 0 || (strictly ? value > (values[i - 1] as number) : value >= (values[i - 1] as number)),
			);
		const whole = bounds.at(-1) === Number.POSITIVE_INFINITY && rises(bounds, true) && rises(cumulative, false);
		if (!whole || bounds.length > MOST_BOUNDS + 1 || !cumulative.every(Number.isFinite) || !Number.isFinite(sum)) {
			this.#skipped++;
			return;
		}
		const counts = cumulative.map((count, i) => count - (cumulative[i - 1] ?? 0));
		this.#add(name, 'histogram', { labels, value: sum, bounds: bounds.slice(0, -1), counts });
	}

	#add(name: string, kind: MetricKind, of: Pick<RemotePoint, 'labels' | 'value' | 'bounds' | 'counts'>): void {
		// Without a prototype, which has names of its own.
		const labels: Record<string, string> = Object.assign(Object.create(null), of.labels, this.#owner);
		this.#points.push({ ...of, name, kind, labels, timeMs: this.#nowMs, delta: false });
	}
}

/** `name{label="value",…} 1.5 [time] [# exemplar]`; undefined: it is not that, or over a bound. */
function sampleOf(line: string, bounds: TextBounds): Sample | undefined {
	let at = nameEnd(line, 0);
	const name = line.slice(0, at);
	if (name === '' || name.length > bounds.chars) return undefined;
	const labels: Record<string, string> = Object.create(null);
	if (line[at] === '{') {
		const end = readLabels(line, at + 1, { into: labels, bounds });
		if (end < 0) return undefined;
		at = end;
	}
	const text = /^\s+(\S+)/.exec(line.slice(at, at + 64))?.[1];
	const value = text === undefined ? undefined : numberOf(text);
	return value === undefined ? undefined : { name, labels, value };
}

/** Where what follows `}` begins; −1: it is wrong. */
function readLabels(
	line: string,
	start: number,
	{ into, bounds }: { into: Record<string, string>; bounds: TextBounds },
): number {
	let at = start;
	for (let count = 0; ; count++) {
		while (line[at] === ' ' || line[at] === ',') at++;
		if (line[at] === '}') return at + 1;
		const end = nameEnd(line, at);
		const name = line.slice(at, end);
		if (name === '' || name.length > bounds.chars || count >= bounds.labels) return -1;
		if (line[end] !== '=' || line[end + 1] !== '"') return -1;
		const close = closingQuote(line, end + 2);
		if (close < 0) return -1;
		const value = line.slice(end + 2, close);
		if (value.length > bounds.chars) return -1;
		into[name] = value.includes('\\') ? unescaped(value) : value;
		at = close + 1;
	}
}

const isNameCode = (code: number): boolean =>
	(code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 58 || (code >= 48 && code <= 57);

function nameEnd(line: string, start: number): number {
	let at = start;
	while (at < line.length && isNameCode(line.charCodeAt(at))) at++;
	const first = line.charCodeAt(start);
	return first >= 48 && first <= 57 ? start : at;
}

function closingQuote(line: string, start: number): number {
	let at = line.indexOf('"', start);
	while (at >= 0) {
		let slashes = 0;
		while (line[at - 1 - slashes] === '\\' && at - 1 - slashes >= start) slashes++;
		if (slashes % 2 === 0) return at;
		at = line.indexOf('"', at + 1);
	}
	return -1;
}

function unescaped(value: string): string {
	return value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

function numberOf(text: string): number | undefined {
	if (text === 'NaN') return Number.NaN;
	if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
	return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}
