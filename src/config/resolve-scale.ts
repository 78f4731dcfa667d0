/** The `scale` of a pool: what it says, over its service, over `defaults`. */
import { parseDuration, parseShare, parseSize } from '../core/units.ts';
import type { ScaleInput, ScaleLong } from '../scaling/config.ts';
import { DEFAULT_SCALE } from '../scaling/default-policy.ts';
import type { Direction, RateLimit, ScalePolicy, Schedule, VerticalPolicy } from '../scaling/policy.ts';
import { parseRate, parseThreshold } from '../scaling/scale-text.ts';
import { lintScale } from './lint-scale.ts';
import { resolveSignals, resolveSteps } from './resolve-signals.ts';
import { Place, Scope } from './scope.ts';

const ms = (text: string | undefined, otherwise: number): number =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);

export const longScale = (input: ScaleInput | undefined): ScaleLong =>
	typeof input === 'number' ? { min: input, max: input } : (input ?? {});

/** What is laid over what, and of which service it is. */
export interface ScaleLayers {
	own: ScaleInput | undefined;
	base: ScaleInput | undefined;
	service: string;
	/** Whether it is asked if all this makes sense together: it has an effect, and was not asked before. */
	lint: boolean;
}

export function resolveScale(
	{ own: ownInput, base: baseInput, service, lint }: ScaleLayers,
	place: Place,
): ScalePolicy {
	const own = longScale(ownInput);
	const { problems } = place.scope.report;
	const before = problems.length;
	const input = { ...longScale(baseInput), ...own };
	const min = input.min ?? Math.min(2, input.max ?? 2);
	const max = input.max ?? Math.max(min, 1);
	if (min > max && ownInput !== undefined) {
		const key = own.min === undefined ? 'max' : 'min';
		const message =
			key === 'min' ? `expected at most \`max\`, which is ${max}` : `expected at least \`min\`, which is ${min}`;
		place.at(key).problem(message, { value: own[key], related: [place.at(key === 'min' ? 'max' : 'min').path] });
	}
	const cooldownMs = ms(input.cooldown, DEFAULT_SCALE.in.cooldownMs);
	const targets = { input, service, at: placing(own, place) };
	const policy: ScalePolicy = {
		min,
		max,
		mode: input.mode ?? DEFAULT_SCALE.mode,
		signals: resolveSignals(targets),
		steps: resolveSteps(targets),
		schedules: within(resolveSchedules(input, targets.at('schedule')), own.schedule === undefined ? max : null),
		windowMs: ms(input.window, DEFAULT_SCALE.windowMs),
		panic: resolvePanic(input.panic),
		peakOverMs: ms(input.peakOver, DEFAULT_SCALE.peakOverMs),
		out: resolveDirection(input.out, DEFAULT_SCALE.out),
		in: resolveDirection(input.in, { ...DEFAULT_SCALE.in, windowMs: cooldownMs, cooldownMs }),
		warmUpMs: input.warmUp === undefined || input.warmUp === 'learned' ? null : ms(input.warmUp, 0),
		flaps: resolveFlaps(input.flaps),
		brakeErrorRate: resolveBrake(input.brake),
		idleMs: ms(input.idle, DEFAULT_SCALE.idleMs),
		size: { cpu: input.size?.cpu ?? null, memoryBytes: bytes(input.size?.memory) },
		vertical: resolveVertical(input.vertical, targets.at('vertical')),
		nativeAutoscaler: input.nativeAutoscaler ?? DEFAULT_SCALE.nativeAutoscaler,
	};
	// What is wrong in itself would be complained of twice.
	if (lint && problems.length === before) lintScale(policy, input, targets.at);
	return policy;
}

/** A schedule that is inherited asks for no more than this pool may have. */
function within(schedules: readonly Schedule[], max: number | null): Schedule[] {
	return schedules.map((one) =>
		max === null || one.min === null ? { ...one } : { ...one, min: Math.min(one.min, Math.max(max, one.max ?? 0)) },
	);
}

/** Where a key stands. What is inherited was complained of where it stands, and is not again. */
function placing(own: ScaleLong, place: Place): (key: keyof ScaleLong) => Place {
	const { source, report } = place.scope;
	const quiet = new Place(new Scope(source, { ...report, problems: [], warnings: [] }, []), place.path);
	return (key) => (own[key] === undefined ? quiet : place).at(key);
}

const bytes = (text: string | undefined): number | null => (text === undefined ? null : (parseSize(text) ?? null));

function resolveBrake(input: ScaleLong['brake']): number | null {
	if (input === 'off' || input === false) return null;
	return (input === undefined ? undefined : parseShare(input)) ?? DEFAULT_SCALE.brakeErrorRate;
}

function resolvePanic(input: ScaleLong['panic']): ScalePolicy['panic'] {
	if (input === 'off' || input === false) return null;
	const { windowMs, threshold } = DEFAULT_SCALE.panic as NonNullable<ScalePolicy['panic']>;
	return { windowMs: ms(input?.window, windowMs), threshold: parseThreshold(input?.threshold ?? '') ?? threshold };
}

function resolveFlaps(input: ScaleLong['flaps']): ScalePolicy['flaps'] {
	if (input === 'off' || input === false) return null;
	const read = input === undefined ? undefined : parseRate(input);
	return read === undefined ? DEFAULT_SCALE.flaps : { most: read.amount, overMs: ms(read.period, 600_000) };
}

function resolveDirection(input: ScaleLong['out'], base: Direction): Direction {
	return {
		tolerance: parseShare(input?.tolerance ?? '') ?? base.tolerance,
		windowMs: ms(input?.window, base.windowMs),
		cooldownMs: ms(input?.cooldown, base.cooldownMs),
		rates: input?.by === undefined ? base.rates : [input.by].flat().flatMap(readRate),
		select: input?.select ?? base.select,
	};
}

function readRate(text: string): RateLimit[] {
	const read = parseRate(text);
	if (read === undefined) return [];
	const periodMs = ms(read.period, 15_000);
	return [read.isShare ? { share: read.amount / 100, periodMs } : { instances: read.amount, periodMs }];
}

function resolveVertical(input: ScaleLong['vertical'], place: Place): VerticalPolicy | null {
	if (input === 'off' || input === false) return null;
	const long = typeof input === 'string' ? { mode: input } : (input ?? {});
	const base = DEFAULT_SCALE.vertical as VerticalPolicy;
	const policy: VerticalPolicy = {
		mode: long.mode ?? base.mode,
		minCpu: long.minCpu ?? base.minCpu,
		maxCpu: long.maxCpu ?? null,
		minMemoryBytes: bytes(long.minMemory) ?? base.minMemoryBytes,
		maxMemoryBytes: bytes(long.maxMemory),
	};
	if (policy.maxCpu !== null && policy.minCpu > policy.maxCpu)
		place.at('minCpu').problem(`expected at most \`maxCpu\`, which is ${policy.maxCpu}`, { value: long.minCpu });
	if (policy.maxMemoryBytes !== null && policy.minMemoryBytes > policy.maxMemoryBytes)
		place
			.at('minMemory')
			.problem(`expected at most \`maxMemory\`, which is ${long.maxMemory}`, { value: long.minMemory });
	return policy;
}

function resolveSchedules(input: ScaleLong, place: Place): Schedule[] {
	return (input.schedule ?? []).flatMap((one, index) => {
		const at = place.at(index);
		if (one.min === undefined && one.max === undefined)
			at.problem('missing; a schedule needs `min` or `max`', { at: 'key' });
		if (one.timezone !== undefined && !isTimeZone(one.timezone))
			at.at('timezone').problem('expected a time zone such as Europe/Berlin or UTC', { value: one.timezone });
		if (one.min !== undefined && one.max !== undefined && one.min > one.max)
			at.at('min').problem(`expected at most \`max\`, which is ${one.max}`, { value: one.min });
		return [
			{
				cron: one.cron,
				timeZone: one.timezone ?? null,
				forMs: ms(one.for, 3_600_000),
				min: one.min ?? null,
				max: one.max ?? null,
			},
		];
	});
}

function isTimeZone(name: string): boolean {
	try {
		new Intl.DateTimeFormat('en', { timeZone: name });
		return true;
	} catch {
		return false;
	}
}
