/** Metrics and objectives: what a file says of them, and what contradicts itself. */
import { formatDuration, parseDuration, parseShare, parseSize } from '../core/units.ts';
import {
	METRICS,
	type MetricsConfig,
	type MetricsInput,
	OBJECTIVE,
	type ObjectiveConfig,
	type ObjectiveInput,
} from '../metrics/config.ts';
import type { Place } from './scope.ts';

const ms = (text: string | undefined, otherwise: number): number =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);

/** To a thousandth of a percent: 99.9 / 100 is not 0.999 in binary. */
function shareOf(text: string): number | null {
	const found = parseShare(text);
	return found === undefined ? null : Math.round(found * 1e7) / 1e7;
}

const STEPS = [
	['minutes', 'fiveMinutes'],
	['fiveMinutes', 'hours'],
] as const;

export function resolveMetrics(input: MetricsInput | undefined, place: Place): MetricsConfig {
	const { keep } = METRICS;
	const said = input?.keep ?? {};
	// One that is said moves the defaults of those that are longer or shorter.
	const minutesMs = ms(
		said.minutes,
		Math.min(keep.minutesMs, ms(said.fiveMinutes, keep.minutesMs), ms(said.hours, keep.minutesMs)),
	);
	const fiveMinutesMs = ms(
		said.fiveMinutes,
		Math.max(minutesMs, Math.min(keep.fiveMinutesMs, ms(said.hours, keep.fiveMinutesMs))),
	);
	const times = {
		minutes: minutesMs,
		fiveMinutes: fiveMinutesMs,
		hours: ms(said.hours, Math.max(keep.hoursMs, fiveMinutesMs)),
	};
	for (const [shorter, longer] of STEPS) {
		if (said[shorter] === undefined || times[shorter] <= times[longer]) continue;
		const message = `expected at most \`${longer}\`, which is ${formatDuration(times[longer])}: longer steps are made from shorter ones`;
		const related = [place.at('keep', longer).path];
		place.at('keep', shorter).problem(message, { value: said[shorter], related });
	}
	return {
		series: input?.series ?? METRICS.series,
		apdexMs: ms(input?.apdex, METRICS.apdexMs),
		keep: {
			minutesMs,
			fiveMinutesMs,
			hoursMs: times.hours,
			maxBytes: said.size === undefined ? keep.maxBytes : (parseSize(said.size) ?? keep.maxBytes),
		},
	};
}

/** What is said lies over what is inherited, key by key; null: nothing is promised. */
export function layObjective(
	base: ObjectiveConfig | null,
	input: ObjectiveInput | undefined,
	place: Place,
): ObjectiveConfig | null {
	if (input === undefined) return base;
	if (input === 'off' || input === false) return null;
	const said = typeof input === 'string' ? { availability: input } : input;
	const objective: ObjectiveConfig = {
		availability: said.availability === undefined ? (base?.availability ?? null) : shareOf(said.availability),
		latency: layLatency(base, said.latency),
		windowMs: ms(said.window, base?.windowMs ?? OBJECTIVE.windowMs),
	};
	if (objective.availability !== null || objective.latency !== null) return objective;
	place.problem('expected `availability` or `latency`: nothing is promised here', {
		related: [place.at('availability').path, place.at('latency').path],
	});
	return null;
}

function layLatency(
	base: ObjectiveConfig | null,
	said: Extract<ObjectiveInput, object>['latency'],
): ObjectiveConfig['latency'] {
	if (said === undefined) return base?.latency ?? null;
	const long = typeof said === 'string' ? { target: said } : said;
	return {
		targetMs: ms(long.target, 0),
		share: shareOf(long.share ?? '') ?? base?.latency?.share ?? OBJECTIVE.latencyShare,
	};
}
