/** The registry as Prometheus reads it: text 0.0.4 and OpenMetrics 1.0. */
import type { MetricDefinition } from '../core/metric.ts';
import { explicitCellOf, OTEL_BOUNDS } from './cells.ts';
import type { Metric, Registry } from './registry.ts';
import { HistogramSeries, type Series } from './series.ts';

export type ExpositionFormat = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
	text: 'text/plain; version=0.0.4; charset=utf-8',
	openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** A request that stands for others like it. */
export interface Exemplar {
	traceId: string;
	/** Seconds, of a histogram; of a counter what it added. */
	value: number;
	timeMs: number;
}

export type ExemplarOf = (definition: MetricDefinition, series: Series) => Exemplar | undefined;

/** What a client that sent this Accept reads best; without one, and in doubt, the text. */
export function formatFor(accept: string | undefined): ExpositionFormat {
	let best = 0;
	let format: ExpositionFormat = 'text';
	for (const part of (accept ?? '').slice(0, 1000).split(',')) {
		const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase());
		const found =
			type === 'application/openmetrics-text'
				? 'openmetrics'
				: /^(?:text\/(?:plain|\*)|\*\/\*)$/.test(type)
					? 'text'
					: null;
		const version = parameters.find((one) => one.startsWith('version='))?.slice(8);
		if (found === null || (found === 'openmetrics' && version !== undefined && version !== '1.0.0')) continue;
		const quality = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
		if (quality > best) [best, format] = [quality, found];
	}
	return format;
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** A number as both formats write it. */
function numberText(value: number): string {
	if (Number.isFinite(value)) return String(value);
	return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** OpenMetrics wants a point in a bound: `1.0`. */
const BOUNDS: Readonly<Record<ExpositionFormat, readonly string[]>> = {
	text: [...OTEL_BOUNDS.map(String), '+Inf'],
	openmetrics: [...OTEL_BOUNDS.map((bound) => (Number.isInteger(bound) ? `${bound}.0` : String(bound))), '+Inf'],
};

/** Made once for a series, since most of a scrape is these. */
interface Heads {
	/** `name{…} `, or for a histogram what stands before each cell's, the sum's and the count's number. */
	text: readonly string[];
	openmetrics: readonly string[];
}

export class Exposition {
	readonly #registry: Registry;
	readonly #exemplarOf: ExemplarOf;
	readonly #heads = new WeakMap<Series, Heads>();

	constructor(registry: Registry, exemplarOf: ExemplarOf = () => undefined) {
		this.#registry = registry;
		this.#exemplarOf = exemplarOf;
	}

	/** The whole page; `behind` is what others wrote in the same format. */
	write(format: ExpositionFormat, behind = ''): string {
		const parts: string[] = [];
		for (const metric of this.#registry.metrics()) this.#metric(metric, format, parts);
		parts.push(behind);
		if (format === 'openmetrics') parts.push('# EOF\n');
		return parts.join('');
	}

	#metric(metric: Metric, format: ExpositionFormat, parts: string[]): void {
		const { definition } = metric;
		parts.push(header(definition, format));
		for (const series of metric.all) {
			const heads = this.#headsOf(series, definition)[format];
			const exemplar = format === 'openmetrics' ? this.#exemplarOf(definition, series) : undefined;
			if (series instanceof HistogramSeries) histogram(series, { heads, exemplar, parts });
			else if (definition.kind === 'counter' || !Number.isNaN(series.value)) {
				const tail = exemplar === undefined || definition.kind === 'gauge' ? '\n' : exemplarText(exemplar);
				parts.push(heads[0] as string, numberText(series.value), tail);
			}
		}
	}

	#headsOf(series: Series, { name, labels }: MetricDefinition): Heads {
		let heads = this.#heads.get(series);
		if (heads !== undefined) return heads;
		const pairs = labels.map((label, at) => `${label}="${escapeValue(series.values[at] ?? '')}"`);
		if (series instanceof HistogramSeries)
			heads = { text: histogramHeads(name, pairs, 'text'), openmetrics: histogramHeads(name, pairs, 'openmetrics') };
		else {
			const own = [`${name}${braced(pairs)} `];
			heads = { text: own, openmetrics: own };
		}
		this.#heads.set(series, heads);
		return heads;
	}
}

const braced = (pairs: readonly string[]): string => (pairs.length === 0 ? '' : `{${pairs.join(',')}}`);

function histogramHeads(name: string, pairs: readonly string[], format: ExpositionFormat): string[] {
	const cells = BOUNDS[format].map((bound) => `${name}_bucket${braced([...pairs, `le="${bound}"`])} `);
	return [...cells, `${name}_sum${braced(pairs)} `, `${name}_count${braced(pairs)} `];
}

function histogram(
	series: HistogramSeries,
	to: { heads: readonly string[]; exemplar: Exemplar | undefined; parts: string[] },
): void {
	const { heads, exemplar, parts } = to;
	const cells = series.explicit;
	const marked = exemplar === undefined ? -1 : explicitCellOf(exemplar.value);
	let below = 0;
	for (let i = 0; i < cells.length; i++) {
		below += cells[i] as number;
		// One that is not among what was counted would contradict it.
		const tail = i === marked && exemplar !== undefined && (cells[i] as number) > 0 ? exemplarText(exemplar) : '\n';
		parts.push(heads[i] as string, String(below), tail);
	}
	parts.push(heads[cells.length] as string, numberText(series.sum), '\n');
	parts.push(heads[cells.length + 1] as string, String(below), '\n');
}

function exemplarText({ traceId, value, timeMs }: Exemplar): string {
	return ` # {trace_id="${escapeValue(traceId.slice(0, 100))}"} ${numberText(value)} ${(timeMs / 1000).toFixed(3)}\n`;
}

/** Units that a name may end with in OpenMetrics. */
const UNITS = ['seconds', 'bytes', 'ratio'];

function header({ name, kind, help }: MetricDefinition, format: ExpositionFormat): string {
	if (format === 'text') return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n`;
	const base = kind === 'counter' ? name.replace(/_total$/, '') : name;
	const unit = UNITS.find((one) => base.endsWith(`_${one}`));
	const said = unit === undefined ? '' : `# UNIT ${base} ${unit}\n`;
	return `# TYPE ${base} ${kind}\n${said}# HELP ${base} ${escapeHelp(help).replaceAll('"', '\\"')}\n`;
}
