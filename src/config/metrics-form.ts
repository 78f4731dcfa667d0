/** Metrics and objectives as a person would write them. */
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import type { MetricsConfig, ObjectiveConfig } from '../metrics/config.ts';

export function metricsForm({ series, apdexMs, keep }: MetricsConfig): unknown {
	return {
		series,
		apdex: formatDuration(apdexMs),
		keep: {
			minutes: formatDuration(keep.minutesMs),
			fiveMinutes: formatDuration(keep.fiveMinutesMs),
			hours: formatDuration(keep.hoursMs),
			size: formatSize(keep.maxBytes),
		},
	};
}

export function objectiveForm(objective: ObjectiveConfig | null): unknown {
	if (objective === null) return 'off';
	const { availability, latency, windowMs } = objective;
	return {
		...(availability === null ? {} : { availability: formatShare(availability) }),
		...(latency === null
			? {}
			: { latency: { target: formatDuration(latency.targetMs), share: formatShare(latency.share) } }),
		window: formatDuration(windowMs),
	};
}
