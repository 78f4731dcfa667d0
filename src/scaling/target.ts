/** What a target asks for: the rules of Kubernetes' HorizontalPodAutoscaler v2 (replica_calculator.go). */
import type { Direction, Signal } from './policy.ts';
import type { EachValue, SignalValue } from './samples.ts';

/** No pool is larger. */
export const MOST_INSTANCES = 1_000_000;
/** What floating point adds to 0.1 × 3; far below what anybody measures. */
const EPSILON = 1e-9;

/** What the rules need to know besides the value. */
export interface TargetFacts {
	/** The size that is set now. */
	before: number;
	ready: number;
	out: Pick<Direction, 'tolerance'>;
	in: Pick<Direction, 'tolerance'>;
	/** Instances added and removed so lately that the values are still of the size before. */
	added: number;
	removed: number;
	/** A new version's instances are starting or warming up beside the old ones. */
	surge: boolean;
}

/** `size` null: it says nothing, and is counted as failing. */
export interface Said {
	size: number | null;
	value: number | null;
	note: string;
}

const WITHIN = 'within tolerance';

export function recommend(signal: Signal, value: SignalValue, facts: TargetFacts): Said {
	if ('sum' in value) return recommendEach(signal, value, facts);
	if (!Number.isFinite(value.value)) return { size: null, value: null, note: 'no values' };
	return signal.kind === 'level'
		? recommendLevel(signal, value.value, facts)
		: recommendTotal(signal, value.value, facts);
}

/** Whether a ratio of value to target changes nothing. */
export function isWithin(ratio: number, facts: Pick<TargetFacts, 'in' | 'out'>): boolean {
	return ratio >= 1 - facts.in.tolerance - EPSILON && ratio <= 1 + facts.out.tolerance + EPSILON;
}

export function ceilSize(size: number): number {
	return Math.max(0, Math.min(MOST_INSTANCES, Math.ceil(size - EPSILON)));
}

/** CPU and memory are whole per cents, cut off, as the HPA has them. */
export function ratioOf({ source, target }: Signal, mean: number): number {
	if (source.from !== 'cpu' && source.from !== 'memory') return mean / target;
	return Math.floor(mean * 100 + EPSILON) / (target * 100);
}

function recommendEach(signal: Signal, value: EachValue, facts: TargetFacts): Said {
	const { counted, missing, ignored, sum } = value;
	if (counted === 0 || !Number.isFinite(sum)) return { size: null, value: null, note: 'no values' };
	const mean = sum / counted;
	const ratio = ratioOf(signal, mean);
	let filled = ratio;
	let among = counted;
	if (missing > 0 || (ignored > 0 && ratio > 1)) {
		let all = sum;
		if (missing > 0 && ratio !== 1) among += missing;
		if (missing > 0 && ratio < 1) all += missing * whole(signal);
		if (ratio > 1) among += ignored;
		filled = ratioOf(signal, all / among);
		const turned = (ratio < 1 && filled > 1) || (ratio > 1 && filled < 1);
		if (turned) return { size: facts.before, value: mean, note: 'not known of all instances' };
	}
	if (isWithin(filled, facts)) return { size: facts.before, value: mean, note: WITHIN };
	if (facts.surge) among = Math.min(among, facts.before);
	return sized(ceilSize(filled * among), filled, mean, facts);
}

/** What an instance without a value is taken for before anything goes in: all that it is given, or the target. */
function whole({ source, target }: Signal): number {
	return source.from === 'cpu' || source.from === 'memory' ? Math.max(1, target) : target;
}

function recommendTotal({ target }: Signal, value: number, facts: TargetFacts): Said {
	const ratio = value / (target * facts.before);
	if (facts.before > 0 && isWithin(ratio, facts)) return { size: facts.before, value, note: WITHIN };
	return { size: ceilSize(value / target), value, note: '' };
}

function recommendLevel({ target }: Signal, value: number, facts: TargetFacts): Said {
	const ratio = value / target;
	if (facts.before === 0) return { size: ceilSize(ratio), value, note: '' };
	if (isWithin(ratio, facts)) return { size: facts.before, value, note: WITHIN };
	if (facts.ready === 0) return { size: null, value, note: 'no instance is ready' };
	if (ratio > 1 && facts.surge) return { size: facts.before, value, note: 'a roll-out warms up' };
	const of = ratio > 1 ? Math.min(facts.ready, facts.before - facts.added) : facts.ready + facts.removed;
	return sized(ceilSize(ratio * of), ratio, value, facts);
}

/** Too much never asks for fewer, too little never for more, however many instances the values were of. */
function sized(size: number, ratio: number, value: number, { before }: TargetFacts): Said {
	const turned = ratio > 1 ? size < before : size > before;
	return turned ? { size: before, value, note: 'not known of all instances' } : { size, value, note: '' };
}
