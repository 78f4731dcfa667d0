/** Purge targets, `cdn` and `trust` as a person would write them. */
import type { PurgeConfig, PurgeTargetConfig } from '../cdn/config.ts';
import { formatDuration } from '../core/units.ts';
import type { CdnPolicy } from '../gateway/cdn-policy.ts';
import type { TrustEntry } from '../gateway/trust-config.ts';

type Form = Record<string, unknown>;

/** What stands for a secret, and for an address. */
interface Options {
	secret(value: string): unknown;
	address?(url: string): unknown;
}

export function trustForm(trust: readonly TrustEntry[]): unknown[] {
	return trust.map((one) => {
		if (typeof one === 'string') return one;
		const { ranges, file, header } = one;
		return { ...(file === null ? { ranges } : { file }), ...(header === null ? {} : { header }) };
	});
}

export function cdnForm(policy: CdnPolicy | null): unknown {
	if (policy === null) return 'off';
	const { lifetime, tags } = policy;
	if (lifetime === null) return { tags };
	const { staleWhileRevalidate, staleIfError } = lifetime;
	const time = (seconds: number): string => formatDuration(seconds * 1000);
	return {
		maxAge: time(lifetime.maxAge),
		browserMaxAge: time(lifetime.browserMaxAge),
		...(staleWhileRevalidate === null ? {} : { staleWhileRevalidate: time(staleWhileRevalidate) }),
		...(staleIfError === null ? {} : { staleIfError: time(staleIfError) }),
		field: lifetime.field,
		statuses: lifetime.statuses,
		override: lifetime.override,
		tags,
	};
}

/** Empty where nothing is said. */
export function purgeForm({ token, targets }: PurgeConfig, options: Options): Form {
	if (token === null && targets.length === 0) return {};
	const named = targets.map((target) => [target.name, targetForm(target, options)]);
	return {
		purge: {
			...(token === null ? {} : { token: options.secret(token) }),
			...(targets.length === 0 ? {} : { targets: Object.fromEntries(named) }),
		},
	};
}

function targetForm({ to, perMinute, secrets }: PurgeTargetConfig, { secret, address }: Options): Form {
	const url = secrets.includes(to.url) ? secret(to.url) : (address?.(to.url) ?? to.url);
	const rate = { rate: perMinute };
	if (to.type === 'cloudflare') return { type: to.type, zone: to.zone, token: secret(to.token), url, ...rate };
	if (to.type === 'fastly') return { type: to.type, service: to.service, token: secret(to.token), url, ...rate };
	if (to.type === 'ballast') return { type: to.type, url, token: secret(to.token), ...rate };
	const { type, method, headers } = to;
	const shown = headers.map(([name, value]) => [name, value === '' ? '' : secret(value)]);
	return {
		type,
		url,
		method,
		...(shown.length === 0 ? {} : { headers: Object.fromEntries(shown) }),
		...(to.secret === null ? {} : { secret: secret(to.secret) }),
		...rate,
	};
}
