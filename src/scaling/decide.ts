/** How many instances a pool is to have. Pure: the live loop, `shadow` and the simulator share it. */
import { addChange, changedSince } from './changes.ts';
import { CLAMPS } from './clamps.ts';
import type { Clamp, Decision, Recommendation, ScalingState } from './decision.ts';
import { nextPanic, panicNeed } from './panic.ts';
import type { ScalePolicy } from './policy.ts';
import type { Round } from './round.ts';
import type { ScalingSamples, SignalValue } from './samples.ts';
import { boundsAt } from './schedules.ts';
import { recommendStep } from './steps.ts';
import { recommend, type TargetFacts } from './target.ts';
import { addSize } from './windowed-sizes.ts';

/** Of a pool that nothing was decided for yet. */
export const EMPTY_STATE: ScalingState = { recommended: null, peaks: [], changes: [], panic: null, asleep: false };

/** Deterministic; what it returns depends on its arguments alone, and it changes none of them. */
export function decide(state: ScalingState, samples: ScalingSamples, policy: ScalePolicy, nowMs: number): Decision {
	if (policy.mode === 'off') return unchanged(state, samples.desired);
	const asked = askAll(state, samples, policy, nowMs);
	const need = panicNeed(policy, samples);
	const round: Round = {
		policy,
		samples,
		nowMs,
		need,
		raw: asked.raw,
		recommendations: asked.recommendations,
		failing: asked.failing,
		missing: asked.missing,
		bounds: boundsAt(policy, nowMs),
		state: remember(state, asked, { policy, samples, nowMs, need }),
	};
	const raw = asked.raw ?? scheduledSize(round);
	const { size: wanted, clamps } = clamp(raw ?? samples.desired, round);
	const desired = carryOut(wanted, round, clamps);
	return {
		desired,
		before: samples.desired,
		raw,
		recommendations: asked.recommendations,
		clamps,
		limitedBy: clamps.at(-1)?.by ?? null,
		wanted,
		panic: round.state.panic !== null,
		state: {
			recommended: round.state.recommended,
			peaks: round.state.peaks,
			panic: round.state.panic,
			changes: addChange(state.changes, [nowMs, desired - samples.desired], policy),
			asleep: desired === 0 && (samples.desired > 0 || state.asleep || policy.min === 0),
		},
	};
}

function unchanged(state: ScalingState, before: number): Decision {
	return {
		...{ desired: before, before, wanted: before, raw: null, recommendations: [], clamps: [] },
		...{ limitedBy: null, panic: false, state },
	};
}

interface Asked {
	recommendations: Recommendation[];
	/** The largest; null: none says anything. */
	raw: number | null;
	/** The largest of the signals alone: what a peak is made of. */
	bySignals: number | null;
	failing: string | null;
	missing: string | null;
}

/** The largest wins; one that fails or misses values keeps anything from going in. */
function askAll(state: ScalingState, samples: ScalingSamples, policy: ScalePolicy, nowMs: number): Asked {
	const facts = factsOf(state, samples, policy, nowMs);
	const asked: Asked = { recommendations: [], raw: null, bySignals: null, failing: null, missing: null };
	for (const signal of policy.signals) {
		const reading = samples.readings[signal.name]?.stable ?? null;
		const said = reading === null ? null : recommend(signal, reading, facts);
		const size = said?.size ?? null;
		asked.recommendations.push({
			by: signal.name,
			size,
			value: said?.value ?? null,
			target: signal.target,
			note: said?.note ?? samples.failures[signal.name] ?? 'no reading',
		});
		count(asked, { name: signal.name, reading, size, failed: size === null });
	}
	asked.bySignals = asked.raw;
	for (const step of policy.steps) {
		const reading = samples.readings[step.name]?.stable ?? null;
		const said = reading === null ? null : recommendStep(step, reading, facts);
		const size = said?.size ?? null;
		asked.recommendations.push({
			by: step.name,
			size,
			value: said?.value ?? null,
			target: step.bands[0]?.from ?? null,
			note: said?.note ?? samples.failures[step.name] ?? 'no reading',
		});
		count(asked, { name: step.name, reading, size, failed: said?.failed ?? true });
	}
	return asked;
}

function count(
	asked: Asked,
	{ name, reading, size, failed }: { name: string; reading: SignalValue | null; size: number | null; failed: boolean },
): void {
	if (failed) asked.failing ??= name;
	if (reading !== null && 'sum' in reading && reading.missing > 0) asked.missing ??= name;
	if (size !== null && (asked.raw === null || size > asked.raw)) asked.raw = size;
}

function factsOf(state: ScalingState, samples: ScalingSamples, policy: ScalePolicy, nowMs: number): TargetFacts {
	const { desired, ready, warming, starting } = samples;
	const sinceMs = nowMs - policy.windowMs;
	return {
		before: desired,
		ready,
		out: policy.out,
		in: policy.in,
		added: Math.max(warming + starting, changedSince(state.changes, sinceMs, 1)),
		removed: changedSince(state.changes, sinceMs, -1),
		surge: samples.rollout && warming + starting > 0,
	};
}

/** Without a signal the size is what a person set, within bounds; where there are schedules, the least there may be. */
function scheduledSize({ policy, bounds }: Round): number | null {
	return policy.signals.length + policy.steps.length === 0 && policy.schedules.length > 0 ? bounds.min : null;
}

function remember(
	state: ScalingState,
	{ raw, bySignals }: Asked,
	now: Pick<Round, 'policy' | 'samples' | 'nowMs' | 'need'>,
): ScalingState {
	const { policy, nowMs, samples } = now;
	const panic = nextPanic(state.panic, now.need, now);
	if (raw === null) return { ...state, panic };
	const entry = [nowMs, raw] as const;
	const first: readonly [number, number][] = [[nowMs, samples.desired]];
	const { highest, lowest } = state.recommended ?? { highest: first, lowest: first };
	return {
		changes: state.changes,
		asleep: state.asleep,
		panic,
		recommended: {
			highest: addSize(highest, entry, { windowMs: policy.in.windowMs, highest: true }),
			lowest: addSize(lowest, entry, { windowMs: policy.out.windowMs, highest: false }),
		},
		peaks:
			bySignals === null
				? state.peaks
				: addSize(state.peaks, [nowMs, bySignals], { windowMs: policy.peakOverMs, highest: true }),
	};
}

function clamp(raw: number, round: Round): { size: number; clamps: Clamp[] } {
	const clamps: Clamp[] = [];
	let size = raw;
	for (const { by, apply, why } of CLAMPS) {
		const to = apply(size, round);
		if (to !== size) clamps.push({ by, from: size, to, why: why(round, { from: size, to }) });
		size = to;
	}
	return { size, clamps };
}

/** What the mode holds back is in the list as the last clamp. */
function carryOut(wanted: number, { policy, samples }: Round, clamps: Clamp[]): number {
	const before = samples.desired;
	if (policy.mode === 'on' || wanted === before) return wanted;
	if (policy.mode === 'scale-out-only' && wanted > before) return wanted;
	clamps.push({ by: 'mode', from: wanted, to: before, why: policy.mode === 'shadow' ? 'shadow' : 'only scales out' });
	return before;
}
