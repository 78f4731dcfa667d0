/** A load that is made up: parts that add up, multiply and tremble, the same for the same seed. */
import { closest } from '../../core/closest.ts';
import { BallastError } from '../../core/errors.ts';
import { orList } from '../../core/or-list.ts';
import { parseDuration, parseShare } from '../../core/units.ts';
import { type Load, MOST_SPAN_MS, STEP_MS } from './load.ts';
import { LogHistogram } from './log-histogram.ts';
import { SeededRandom } from './seeded-random.ts';

/** A Monday, so that schedules by weekday have something to do. */
const FROM_MS = Date.UTC(2026, 0, 5);
const DEFAULT_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Requests a second at a time, from those so far. */
type Part = (soFar: number, ms: number) => number;
type Values = ReadonlyMap<string, number>;

interface PartKind {
	/** Its values: the unit, and what counts where it is left out (undefined: it must be there, or another of `any`). */
	values: Readonly<Record<string, { unit: 'rate' | 'time' | 'factor' | 'share'; default?: number }>>;
	/** The value that may stand without its name. */
	short: string;
	make(values: Values, random: SeededRandom): Part;
}

const v = (values: Values, name: string): number => values.get(name) ?? Number.NaN;
/** `by` adds, `times` multiplies what is there. */
const raised = (values: Values, soFar: number, share: number): number => {
	const by = values.has('by') ? v(values, 'by') : soFar * (v(values, 'times') - 1);
	return soFar + (Number.isNaN(by) ? soFar * 4 : by) * share;
};

const PARTS: Readonly<Record<string, PartKind>> = {
	constant: {
		values: { rate: { unit: 'rate', default: 100 } },
		short: 'rate',
		make: (values) => (soFar) => soFar + v(values, 'rate'),
	},
	diurnal: {
		values: {
			mean: { unit: 'rate', default: 100 },
			swing: { unit: 'share', default: 0.7 },
			period: { unit: 'time', default: DAY_MS },
		},
		short: 'mean',
		make: (values) => (soFar, ms) =>
			soFar + v(values, 'mean') * (1 - v(values, 'swing') * Math.cos((2 * Math.PI * ms) / v(values, 'period'))),
	},
	step: {
		values: {
			at: { unit: 'time', default: 60_000 },
			for: { unit: 'time', default: Number.POSITIVE_INFINITY },
			by: { unit: 'rate' },
			times: { unit: 'factor' },
		},
		short: 'times',
		make: (values) => (soFar, ms) =>
			ms >= v(values, 'at') && ms < v(values, 'at') + v(values, 'for') ? raised(values, soFar, 1) : soFar,
	},
	ramp: {
		values: {
			at: { unit: 'time', default: 60_000 },
			for: { unit: 'time', default: 600_000 },
			by: { unit: 'rate' },
			times: { unit: 'factor' },
		},
		short: 'times',
		make: (values) => (soFar, ms) =>
			raised(values, soFar, Math.min(1, Math.max(0, (ms - v(values, 'at')) / v(values, 'for')))),
	},
	flash: {
		values: {
			at: { unit: 'time', default: 60_000 },
			rise: { unit: 'time', default: 10_000 },
			fade: { unit: 'time', default: 120_000 },
			by: { unit: 'rate' },
			times: { unit: 'factor' },
		},
		short: 'times',
		make: (values) => (soFar, ms) => {
			const since = ms - v(values, 'at');
			if (since < 0) return soFar;
			const rise = v(values, 'rise');
			return raised(values, soFar, since < rise ? since / rise : Math.exp(-(since - rise) / v(values, 'fade')));
		},
	},
	noise: {
		values: { share: { unit: 'share', default: 0.1 }, over: { unit: 'time', default: 30_000 } },
		short: 'share',
		make: (values, random) => {
			let level = random.normal();
			const kept = Math.exp(-STEP_MS / Math.max(1, v(values, 'over')));
			return (soFar) => {
				level = level * kept + random.normal() * Math.sqrt(1 - kept * kept);
				return soFar * Math.exp(v(values, 'share') * level - v(values, 'share') ** 2 / 2);
			};
		},
	},
};

/** `diurnal:mean=200,step:at=10m:times=5,noise:20%,for=1h`, without `generate:`. Throws `bad_command`. */
export function generateTrace(text: string, seed: number): Load {
	const random = new SeededRandom(seed);
	let spanMs = DEFAULT_MS;
	const parts: Part[] = [];
	let isBase = false;
	for (const word of text.split(',')) {
		const span = /^for=(.*)$/.exec(word);
		if (span !== null) spanMs = timeOf(span[1] as string, word);
		else {
			const [name = '', ...given] = word.split(':');
			const kind = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
			if (kind === undefined) throw unknownPart(name);
			isBase ||= name === 'constant' || name === 'diurnal';
			parts.push(kind.make(valuesOf(kind, given, name), random));
		}
	}
	if (!isBase) parts.unshift((soFar) => soFar + 100);
	if (spanMs < STEP_MS || spanMs > MOST_SPAN_MS) throw wrong('`for` takes 1s to 92d');
	const counts = new Float64Array(Math.ceil(spanMs / STEP_MS));
	let total = 0;
	for (let at = 0; at < counts.length; at++) {
		const rate = parts.reduce((soFar, part) => part(soFar, at * STEP_MS), 0);
		total += counts[at] = random.poisson(Math.min(1e9, Math.max(0, rate)) * (STEP_MS / 1000));
	}
	if (total === 0) throw wrong('it has no request');
	const lines = { read: 0, bad: 0, skipped: 0, firstBad: null };
	return { kind: 'generated', fromMs: FROM_MS, counts, times: null, total, works: new LogHistogram(), lines };
}

function valuesOf(kind: PartKind, given: readonly string[], part: string): Values {
	const values = new Map<string, number>();
	for (const [name, { default: usual }] of Object.entries(kind.values))
		if (usual !== undefined) values.set(name, usual);
	for (const word of given) {
		const [, name = kind.short, text = word] = /^([a-z]+)=(.*)$/.exec(word) ?? [];
		const unit = Object.hasOwn(kind.values, name) ? kind.values[name]?.unit : undefined;
		if (unit === undefined) {
			const near = closest(name, Object.keys(kind.values));
			const meant = near === undefined ? '' : `; did you mean \`${near}\`?`;
			throw wrong(`\`${part}\` takes ${orList(Object.keys(kind.values))}, not \`${name}\`${meant}`);
		}
		values.set(name, readValue(unit, text, `${part}:${word}`));
	}
	return values;
}

function readValue(unit: 'rate' | 'time' | 'factor' | 'share', text: string, word: string): number {
	if (unit === 'time') return timeOf(text, word);
	const value =
		unit === 'share' ? (parseShare(text) ?? Number.NaN) : /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
	if (value <= 1e9) return value;
	const expected = {
		rate: 'requests a second such as 200',
		factor: 'a factor such as 5',
		share: 'a share such as 20%',
	};
	throw wrong(`\`${word}\`: expected ${expected[unit]}`);
}

function timeOf(text: string, word: string): number {
	const ms = parseDuration(text);
	if (ms === undefined || ms === 0) throw wrong(`\`${word}\`: expected a duration such as 30s, 10m or 24h`);
	return ms;
}

function unknownPart(name: string): BallastError {
	const near = closest(name, Object.keys(PARTS));
	return wrong(
		`there is no \`${name}\`; ${near === undefined ? `there are ${orList(Object.keys(PARTS))}, and for=1h` : `did you mean \`${near}\`?`}`,
	);
}

function wrong(why: string): BallastError {
	return new BallastError(
		'bad_command',
		`--trace generate: ${why}\nfor example generate:diurnal:mean=200,flash:at=20m:times=6,noise:10%,for=1h`,
	);
}
