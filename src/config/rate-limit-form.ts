/** Rate limits as a person would write them, in the long form. */
import type { LimitKeyPart, Policy, RateLimitPolicy } from '../gateway/config.ts';
import { formatRate } from '../resilience/rate.ts';

/** Of a service. */
export function rateLimitForm(limits: readonly RateLimitPolicy[]): unknown {
	return limits.length === 0 ? 'off' : limits.map(limitForm);
}

/** Of a route; undefined where it says nothing and has its service's. */
export function routeLimitsForm({ rateLimit }: Policy, service: Policy): unknown {
	const own = rateLimit.filter(({ of }) => of === 'route');
	const inherits = rateLimit.length > own.length;
	if (own.length > 0) return [...(inherits ? ['inherit'] : []), ...own.map(limitForm)];
	return inherits || service.rateLimit.length === 0 ? undefined : 'off';
}

function limitForm({ name, burst, key, from, full, entries, ...rate }: RateLimitPolicy): Record<string, unknown> {
	const words = key.map(keyWord);
	return {
		name,
		rate: formatRate(rate),
		burst,
		key: words.length > 1 ? words : (words[0] ?? 'everyone'),
		...(key.some((part) => part.from === 'header') ? { from } : {}),
		full,
		entries,
	};
}

const keyWord = (part: LimitKeyPart): string => (part.from === 'header' ? `header:${part.name}` : part.from);
