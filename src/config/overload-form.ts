/** Concurrency, priority and shedding as a person would write them. */
import { formatDuration, formatShare } from '../core/units.ts';
import type { PriorityPolicy } from '../gateway/config.ts';
import type { ConcurrencyConfig, OverloadConfig } from '../resilience/overload-config.ts';

export function concurrencyForm(config: ConcurrencyConfig | null): unknown {
	if (config === null) return 'off';
	if (config.kind === 'fixed') return config.limit;
	const { min, max, tolerance } = config;
	return { limit: 'adaptive', min, max, tolerance };
}

export function priorityForm(policy: PriorityPolicy): unknown {
	return policy.header === null ? policy.default : { ...policy };
}

export function overloadForm(config: OverloadConfig | null): unknown {
	return config === null ? 'off' : { lag: formatDuration(config.lagMs), heap: formatShare(config.heap) };
}
