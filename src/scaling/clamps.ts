/** What changes a size on its way from the recommendation to the decision. */
import { formatDuration, formatShare } from '../core/units.ts';
import { lastOutMs, STARTING_MS, turnsSince } from './changes.ts';
import type { ClampName } from './decision.ts';
import { heldText } from './held-text.ts';
import type { Direction } from './policy.ts';
import { projectedSize } from './project.ts';
import { leastIn, mostOut } from './rates.ts';
import type { Round } from './round.ts';
import { extremeOf } from './windowed-sizes.ts';

interface ClampStep {
	by: ClampName;
	/** The size after it; each grows, or stays, as the size before it grows. */
	apply: (size: number, round: Round) => number;
	/** Half a sentence; asked only where the size was changed. */
	why: (round: Round, change: { from: number; to: number }) => string;
}

/** Durations as they are written, since the same few are written over and over. */
const written = new Map<number, string>();

function duration(ms: number): string {
	let text = written.get(ms);
	if (text === undefined) {
		if (written.size > 1000) written.clear();
		written.set(ms, (text = formatDuration(ms)));
	}
	return text;
}

/** Nothing goes in while `holds`. */
function noIn(by: ClampName, holds: (round: Round) => boolean, why: (round: Round) => string): ClampStep {
	return {
		by,
		apply: (size, round) => (size < round.samples.desired && holds(round) ? round.samples.desired : size),
		why,
	};
}

const isMissing = ({ failing, missing }: Round): boolean => failing !== null || missing !== null;
const isBraking = ({ policy, samples }: Round): boolean =>
	policy.brakeErrorRate !== null && samples.errorRate !== null && samples.errorRate >= policy.brakeErrorRate;

function isWarming({ samples, state, nowMs }: Round): boolean {
	// What the provider cannot bring is not waited for.
	const comes = samples.starting > 0 && samples.providerTrouble.out === null;
	return samples.warming > 0 || (comes && nowMs - lastOutMs(state.changes) < STARTING_MS);
}

function isIdle({ policy, samples }: Round): boolean {
	return samples.idleForMs !== null && samples.idleForMs >= policy.idleMs && samples.held === 0;
}

/**
 * All of them, in order: first what the size ought to be, then what is not allowed to go in now, then how far and
 * how often, then zero, then bounds. Those that let nothing happen come last.
 */
export const CLAMPS: readonly ClampStep[] = [
	{
		by: 'peak',
		// Where nothing is known now, an old peak is no reason to go out.
		apply: (size, { policy, state, nowMs, raw }) =>
			policy.peakOverMs === 0 || raw === null
				? size
				: Math.max(size, extremeOf(state.peaks, nowMs - policy.peakOverMs, size)),
		why: ({ policy }) => `sized for the peak of the last ${duration(policy.peakOverMs)}`,
	},
	{
		by: 'panic',
		apply: (size, { state, samples }) =>
			state.panic === null ? size : Math.max(size, samples.desired, state.panic.size),
		why: ({ policy, state }) =>
			`a rush: the last ${duration(policy.panic?.windowMs ?? 0)} need ${state.panic?.size ?? 0}`,
	},
	noIn('missing', isMissing, ({ failing, missing }) =>
		failing === null
			? `values of ${missing} are missing, so nothing goes in`
			: `${failing} could not be read, so nothing goes in`,
	),
	{ by: 'window', apply: stabilise, why: whyWindow },
	noIn(
		'brake',
		isBraking,
		({ samples }) =>
			`${formatShare(Math.round((samples.errorRate ?? 0) * 1000) / 1000)} of the requests fail, so nothing goes in`,
	),
	noIn(
		'rollout',
		({ samples }) => samples.rollout,
		() => 'a roll-out runs, so nothing goes in',
	),
	noIn(
		'warm-up',
		isWarming,
		({ samples }) => `${samples.warming + samples.starting} still start or warm up, so nothing goes in`,
	),
	{ by: 'cooldown', apply: coolDown, why: whyCooldown },
	noIn(
		'flaps',
		hasFlapped,
		({ policy }) => `turned ${policy.flaps?.most ?? 0} times within ${duration(policy.flaps?.overMs ?? 0)}`,
	),
	{ by: 'rate', apply: limitRate, why: whyRate },
	{
		by: 'projection',
		apply: (size, round) => (size < round.samples.desired ? projectedSize(size, round) : size),
		why: (_, { to }) => `with fewer than ${to} it would at once go out again`,
	},
	{ by: 'idle', apply: toZero, why: whyIdle },
	{
		by: 'held',
		apply: (size, { samples }) => (size === 0 && samples.held > 0 ? 1 : size),
		why: ({ samples }) => `${samples.held} ${samples.held === 1 ? 'request waits' : 'requests wait'}`,
	},
	{
		by: 'schedule',
		apply: (size, { bounds }) => (bounds.scheduledMin ? Math.max(size, bounds.min) : size),
		why: ({ bounds }) => `at least ${bounds.min} by schedule`,
	},
	{ by: 'min', apply: (size, { bounds }) => Math.max(size, bounds.min), why: ({ bounds }) => `min ${bounds.min}` },
	{
		by: 'schedule',
		apply: (size, { bounds }) => (bounds.scheduledMax ? Math.min(size, bounds.max) : size),
		why: ({ bounds }) => `at most ${bounds.max} by schedule`,
	},
	{ by: 'max', apply: (size, { bounds }) => Math.min(size, bounds.max), why: ({ bounds }) => `max ${bounds.max}` },
	{
		by: 'by-hand',
		apply: (size, round) => (isOffByHand(round) ? 0 : size),
		why: () => 'switched off by hand',
	},
	{
		by: 'provider',
		apply: (size, { samples: { desired, providerTrouble: held } }) =>
			(size > desired ? held.out : held.in) === null ? size : desired,
		why: ({ samples: { providerTrouble: held } }, { from, to }) => heldText(held, from > to ? 'out' : 'in'),
	},
];

/** Size 0 where at least one is asked for, and not from a decision of ours: somebody wants it to be off. */
export function isOffByHand({ policy, samples, state }: Round): boolean {
	return samples.desired === 0 && policy.min > 0 && !state.asleep;
}

function stabilise(size: number, { policy, samples, state, nowMs }: Round): number {
	const { recommended, panic } = state;
	if (recommended === null) return size;
	const before = samples.desired;
	if (size > before) {
		// A rush is answered at once.
		if (panic !== null || policy.out.windowMs === 0) return size;
		return Math.max(before, Math.min(size, extremeOf(recommended.lowest, nowMs - policy.out.windowMs, size)));
	}
	if (size === before || policy.in.windowMs === 0) return size;
	return Math.min(before, Math.max(size, extremeOf(recommended.highest, nowMs - policy.in.windowMs, size)));
}

function whyWindow({ policy }: Round, { from, to }: { from: number; to: number }): string {
	return from < to
		? `the largest of the last ${duration(policy.in.windowMs)}`
		: `the least of the last ${duration(policy.out.windowMs)}`;
}

function coolDown(size: number, { policy, samples, state, nowMs }: Round): number {
	if (size === samples.desired) return size;
	const out = size > samples.desired;
	if (out && state.panic !== null) return size;
	const { cooldownMs } = out ? policy.out : policy.in;
	const lastMs = state.changes.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
	return nowMs - lastMs < cooldownMs ? samples.desired : size;
}

function whyCooldown({ policy }: Round, { from, to }: { from: number; to: number }): string {
	return `the last change was less than ${duration((from > to ? policy.out : policy.in).cooldownMs)} ago`;
}

function hasFlapped({ policy, state, nowMs }: Round): boolean {
	if (policy.flaps === null || (state.changes.at(-1)?.[1] ?? -1) < 0) return false;
	return turnsSince(state.changes, nowMs - policy.flaps.overMs) >= policy.flaps.most;
}

function limitRate(size: number, { policy, samples, state, nowMs }: Round): number {
	const facts = { before: samples.desired, changes: state.changes, nowMs };
	if (size > samples.desired) return Math.min(size, mostOut(policy.out, facts));
	return size < samples.desired ? Math.max(size, leastIn(policy.in, facts)) : size;
}

function whyRate({ policy }: Round, { from, to }: { from: number; to: number }): string {
	const direction = from > to ? policy.out : policy.in;
	return direction.select === 'none' ? 'never in this direction' : `at most ${ratesText(direction)}`;
}

/** `4 in 15s or 100% in 15s`. */
function ratesText({ rates, select }: Direction): string {
	const each = rates.map((rate) => {
		const most = 'share' in rate ? formatShare(rate.share) : `${rate.instances}`;
		return `${most} in ${duration(rate.periodMs)}`;
	});
	return each.join(select === 'min' ? ' and ' : ' or ');
}

function whyIdle({ policy }: Round, { to }: { to: number }): string {
	return to === 0
		? `no request for ${duration(policy.idleMs)}`
		: `to none only after ${duration(policy.idleMs)} without a request`;
}

function toZero(size: number, round: Round): number {
	const { policy, samples, bounds, state, recommendations } = round;
	if (samples.desired === 0 || size > 1 || bounds.min > 0) return size;
	if (!isIdle(round)) return 1;
	if (size === 0) return 0;
	const held = policy.in.select === 'none' || state.panic !== null || samples.rollout;
	if (held || isMissing(round) || isBraking(round) || isWarming(round)) return 1;
	for (const [at, { size: wanted }] of recommendations.entries()) {
		if (wanted === null) continue;
		// What an instance uses while nobody asks for anything is no work.
		if (wanted > samples.desired || (wanted > 0 && policy.signals[at]?.kind === 'total')) return 1;
	}
	return 0;
}
