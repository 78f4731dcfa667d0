/** What a running Ballast answers about sizes. */
import { type Fields, list, listOr, numberOr, record, textOr } from './answer-form.ts';

export interface RecommendationAnswer {
	by: string;
	/** NaN: it says nothing. */
	size: number;
	value: number;
	target: number;
	note: string;
}

export interface ClampAnswer {
	by: string;
	from: number;
	to: number;
	why: string;
}

export interface DecisionAnswer {
	/** ''; of one that is not kept. */
	id: string;
	/** Epoch ms. */
	atMs: number;
	pool: string;
	mode: string;
	before: number;
	desired: number;
	wanted: number;
	/** NaN: nothing was recommended. */
	raw: number;
	panic: boolean;
	sentence: string;
	outcome: string;
	recommendations: RecommendationAnswer[];
	clamps: ClampAnswer[];
	samples: { ready: number; warming: number; starting: number; held: number; errorRate: number; idleForMs: number };
	/** Why nothing goes out, and why nothing goes in; '': it may. */
	held: { out: string; in: string };
}

export interface PoolAnswer {
	pool: string;
	mode: string;
	min: number;
	max: number;
	/** Names of signals with their units. */
	units: ReadonlyMap<string, string>;
	last: DecisionAnswer | null;
	/** A size that would do; ''. */
	advice: string;
}

export function readPools(value: unknown): PoolAnswer[] {
	return list(value, 'pools', (pool) => {
		const policy = record(pool['policy'], 'policy');
		const named = [...listOr(policy['signals']), ...listOr(policy['steps'])];
		return {
			pool: textOr(pool['pool']),
			mode: textOr(policy['mode']),
			min: numberOr(policy['min']),
			max: numberOr(policy['max']),
			units: new Map(named.map((one) => [textOr(one['name']), textOr(one['unit'])])),
			last: pool['last'] === null || pool['last'] === undefined ? null : readDecision(record(pool['last'], 'last')),
			advice: textOr(pool['advice']),
		};
	});
}

export function readDecisions(value: unknown): DecisionAnswer[] {
	return list(value, 'decisions', readDecision);
}

export function readDecision(one: Fields): DecisionAnswer {
	const decision = record(one['decision'], 'decision');
	const samples = record(one['samples'], 'samples');
	return {
		id: textOr(one['id']),
		atMs: numberOr(one['atMs']),
		pool: textOr(one['pool']),
		mode: textOr(one['mode']),
		before: numberOr(decision['before']),
		desired: numberOr(decision['desired']),
		wanted: numberOr(decision['wanted']),
		raw: numberOr(decision['raw']),
		panic: decision['panic'] === true,
		sentence: textOr(one['sentence']),
		outcome: textOr(one['outcome']),
		recommendations: listOr(decision['recommendations']).map((said) => ({
			by: textOr(said['by']),
			size: numberOr(said['size']),
			value: numberOr(said['value']),
			target: numberOr(said['target']),
			note: textOr(said['note']),
		})),
		clamps: listOr(decision['clamps']).map((clamp) => ({
			by: textOr(clamp['by']),
			from: numberOr(clamp['from']),
			to: numberOr(clamp['to']),
			why: textOr(clamp['why']),
		})),
		samples: {
			ready: numberOr(samples['ready']),
			warming: numberOr(samples['warming']),
			starting: numberOr(samples['starting']),
			held: numberOr(samples['held']),
			errorRate: numberOr(samples['errorRate']),
			idleForMs: numberOr(samples['idleForMs']),
		},
		held: readHeld(samples['providerTrouble']),
	};
}

function readHeld(value: unknown): DecisionAnswer['held'] {
	const held = (value ?? {}) as Fields;
	return { out: textOr(held['out']), in: textOr(held['in']) };
}
