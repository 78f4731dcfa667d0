/** What a roll-out does next, by what is seen of both versions. Pure: the clock is an argument. */
import { formatDuration } from '../core/units.ts';
import type { DeployConfig } from './config.ts';
import { judge, type Verdict } from './judge.ts';
import { type Durations, type Sample, since } from './sample.ts';
import { instancesFor, type Stage, stagesOf, stageText } from './stages.ts';

/**
 * - `starting`: its first instances are not ready yet, nothing goes there;
 * - `judging`: it has the requests of its stage;
 * - `growing`: that went well, the instances for the next stage (or for all) are not ready yet;
 * - `promoting`: it takes all; `back`: it gets nothing any more. Both are for good.
 */
export type Phase = 'starting' | 'judging' | 'growing' | 'promoting' | 'back';

/** What both versions did, counted since the roll-out began. */
export interface Samples {
	readonly old: Sample;
	readonly fresh: Sample;
	/** Of the old version: those requests of which the new one got a copy. */
	readonly copied: Sample;
}

export interface Seen extends Samples {
	/** Instances that the old version is to have. */
	readonly desired: number;
	/** Ready instances of the new one. */
	readonly ready: number;
	/** Why it cannot go on: one of its instances ended, or never became ready; half a sentence. */
	readonly fault: string | null;
}

/** Where a roll-out stands. */
export interface Rollout {
	readonly phase: Phase;
	/** Whose requests it has, of `stagesOf`. */
	readonly stage: number;
	/** When this stage began, ms, and what both versions had done by then. */
	readonly since: number;
	readonly before: Samples;
	/** Verdicts asked for so far, and attempts of the new version in this stage at the last one. */
	readonly looks: number;
	readonly lookedAt: number;
	/** The operator wants it whatever the judge says. */
	readonly forced: boolean;
	/** The last verdict, or why it ended; half a sentence. */
	readonly why: string;
}

export type Order = { readonly kind: 'promote' } | { readonly kind: 'abort'; readonly why: string };

export interface Decision {
	readonly rollout: Rollout;
	/** Instances that the new version is to have. */
	readonly want: number;
	/** Which requests are to go there; null: none. */
	readonly stage: Stage | null;
	/** What changed, half a sentence for the operator; null: nothing. */
	readonly news: string | null;
}

export interface RolloutRules {
	readonly config: DeployConfig;
	readonly durations: Durations;
}

interface Moment {
	readonly rollout: Rollout;
	readonly rules: RolloutRules;
	readonly seen: Seen;
	/** ms, of any clock that goes on. */
	readonly now: number;
}

/** Attempts of the new version at the first look, and how many times as many at each next. */
const FIRST_LOOK = 5;
const LOOK_GROWTH = 1.2;

export function begin(now: number, before: Samples): Rollout {
	return { phase: 'starting', stage: 0, since: now, before, looks: 0, lookedAt: 0, forced: false, why: '' };
}

/** What to do now; to be asked a few times a second, and at once with an order of the operator. */
export function decide(moment: Moment, order: Order | null): Decision {
	const { rollout, seen } = moment;
	if (rollout.phase === 'promoting' || rollout.phase === 'back') return decision(moment, {}, null);
	if (order?.kind === 'abort') return back(moment, order.why);
	if (seen.fault !== null) return back(moment, seen.fault);
	if (order?.kind === 'promote' || rollout.forced) return forced(moment);
	if (rollout.phase === 'starting') return starting(moment);
	return running(moment);
}

function forced(moment: Moment): Decision {
	const { rollout, seen } = moment;
	const why = 'the operator wants it at once';
	if (seen.ready >= wanted(moment, null)) return promote({ ...moment, rollout: { ...rollout, forced: true } }, why);
	if (rollout.forced) return decision(moment, {}, null);
	const count = wanted(moment, null);
	return decision(
		moment,
		{ forced: true, why },
		`${why}: it takes over once ${instances(count)} of it ${are(count)} ready`,
	);
}

function starting(moment: Moment): Decision {
	if (moment.seen.ready >= wanted(moment, 0)) return enter(moment, 0, null);
	if (overdue(moment)) return back(moment, `its instances were not ready within ${limit(moment)}`);
	return decision(moment, {}, null);
}

function running(moment: Moment): Decision {
	const { rollout, rules, seen, now } = moment;
	if (seen.ready === 0) return back(moment, 'none of its instances is ready any more');
	const { verdict, ...looked } = look(moment);
	const growing = rollout.phase === 'growing';
	const judged = { ...moment, rollout: { ...rollout, ...looked, why: growing ? rollout.why : verdict.why } };
	if (verdict.kind === 'bad') return back(judged, verdict.why);
	if (growing || (verdict.kind === 'good' && now - rollout.since >= rules.config.everyMs)) return onward(judged);
	if (overdue(moment)) return back(judged, `it could not be judged within ${limit(moment)}: ${verdict.why}`);
	return decision(judged, {}, null);
}

/** The stage went well: on to the next, once there are the instances for it. */
function onward(moment: Moment): Decision {
	const { rollout, rules, seen } = moment;
	const { why } = rollout;
	const next = rollout.stage + 1;
	const count = wanted(moment, next);
	if (seen.ready >= count)
		return next < stagesOf(rules.config).length ? enter(moment, next, why) : promote(moment, why);
	if (rollout.phase === 'growing') return decision(moment, {}, null);
	return decision(moment, { phase: 'growing' }, `good: ${why}; waiting for ${instances(count)} of it to be ready`);
}

/** One verdict more; a look only where enough came since the last one. */
function look({ rollout, rules, seen }: Moment): Pick<Rollout, 'looks' | 'lookedAt'> & { verdict: Verdict } {
	const stage = stagesOf(rules.config)[rollout.stage];
	const mirrors = stage?.kind === 'mirror';
	const { before } = rollout;
	const old = mirrors ? since(seen.copied, before.copied) : since(seen.old, before.old);
	const fresh = since(seen.fresh, before.fresh);
	const { requests, errors, latency } = rules.config;
	const due = fresh.attempts >= Math.max(FIRST_LOOK, rollout.lookedAt * LOOK_GROWTH);
	const verdict = judge(
		{ old, fresh, durations: rules.durations },
		{ requests, errors, latency: mirrors ? null : latency },
		due ? rollout.looks : null,
	);
	if (!due) return { verdict, looks: rollout.looks, lookedAt: rollout.lookedAt };
	return { verdict, looks: rollout.looks + 1, lookedAt: fresh.attempts };
}

function enter(moment: Moment, stage: number, good: string | null): Decision {
	const { rules, seen, now } = moment;
	const { old, fresh, copied } = seen;
	const stages = stagesOf(rules.config);
	const news = `${good === null ? '' : `good: ${good}; `}step ${stage + 1} of ${stages.length}: ${stageText(stages[stage] as Stage)} go to the new version`;
	const change = { phase: 'judging', stage, since: now, before: { old, fresh, copied }, lookedAt: 0, why: '' } as const;
	return decision(moment, change, news);
}

function promote(moment: Moment, why: string): Decision {
	return decision(
		moment,
		{ phase: 'promoting', why },
		`${moment.rollout.forced ? '' : 'good: '}${why}; all requests go to the new version`,
	);
}

function back(moment: Moment, why: string): Decision {
	return decision(moment, { phase: 'back', why }, null);
}

function decision(moment: Moment, change: Partial<Rollout>, news: string | null): Decision {
	const rollout: Rollout = { ...moment.rollout, ...change };
	const served = rollout.phase === 'judging' || rollout.phase === 'growing';
	const stage = served ? (stagesOf(moment.rules.config)[rollout.stage] ?? null) : null;
	const want = rollout.phase === 'back' ? 0 : wanted(moment, heading(rollout));
	return { rollout, want, stage, news };
}

/** The stage that its instances are for; null: all requests. */
function heading({ phase, stage, forced }: Rollout): number | null {
	if (forced || phase === 'promoting') return null;
	return phase === 'growing' ? stage + 1 : stage;
}

/** Instances for a stage; null, or one behind the last: for all requests. */
function wanted({ rules, seen }: Moment, stage: number | null): number {
	const found = stage === null ? undefined : stagesOf(rules.config)[stage];
	return found === undefined ? Math.max(1, seen.desired) : instancesFor(found, rules.config, seen.desired);
}

const overdue = ({ rollout, rules, now }: Moment): boolean => now - rollout.since > rules.config.giveUpMs;
const limit = ({ rules }: Moment): string => formatDuration(rules.config.giveUpMs);
const instances = (count: number): string => (count === 1 ? '1 instance' : `${count} instances`);
const are = (count: number): string => (count === 1 ? 'is' : 'are');
