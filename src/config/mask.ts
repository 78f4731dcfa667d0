import type { JobsConfig, OffloadPolicy } from '../jobs/offload-policy.ts';
import { maskAlerting, maskValues } from './alerts-form.ts';
import type { Config } from './config.ts';
import { MASK, namesSecret } from './problem.ts';

/** The resolved configuration with its secrets masked: what may leave the process. */
export function maskConfig(config: Config): Config {
	const masked = structuredClone(config);
	maskAlerting(masked);
	for (const { headers } of masked.exports) maskAll(headers);
	if (masked.receive !== null && masked.receive.token !== null) masked.receive.token = MASK;
	if (masked.purge.token !== null) masked.purge.token = MASK;
	maskJobs(masked.jobs);
	masked.purge.targets = masked.purge.targets.map((target) => maskValues(target, target.secrets));
	if (masked.state.redis !== null) masked.state.redis = maskValues(masked.state.redis, masked.state.redis.secrets);
	if (masked.cache.redis !== null && masked.cache.redis.secret !== null) masked.cache.redis.secret = MASK;
	for (const service of masked.services) {
		for (const { instances, scale } of service.pools) {
			for (const { source } of scale.signals) if (source.from === 'prometheus') maskAll(source.headers);
			if (!('env' in instances)) continue;
			const { env, secretEnv } = instances;
			for (const name of Object.keys(env)) if (secretEnv.includes(name) || namesSecret(name)) env[name] = MASK;
		}
		for (const policy of [service.offload, ...Object.values(service.routeOffloads)])
			if (policy !== null) maskOffload(policy);
		const { health } = service;
		health.headers = health.headers.map(([name, value]) =>
			health.secretHeaders.includes(name.toLowerCase()) || namesSecret(name) ? [name, MASK] : [name, value],
		);
		for (const policy of [service, ...service.routes]) {
			for (const headers of [policy.requestHeaders, policy.responseHeaders]) {
				headers.set = headers.set.map(([name, value]) =>
					headers.secret?.includes(name.toLowerCase()) || namesSecret(name) ? [name, MASK] : [name, value],
				);
			}
		}
	}
	return masked;
}

function maskJobs(jobs: JobsConfig): void {
	jobs.keys = jobs.keys.map(() => MASK);
	for (const one of jobs.webhooks === null ? [] : [jobs.webhooks, ...jobs.webhooks.receivers])
		one.secrets = one.secrets.map(() => MASK);
}

/** All that places upstream are sent is taken for secret. */
function maskOffload(policy: OffloadPolicy): void {
	policy.lanes = policy.lanes.map((lane) => ({
		...lane,
		headers: lane.headers.map(([name]) => [name, MASK] as const),
	}));
	const { webhook } = policy;
	if (webhook !== null) {
		webhook.secrets = webhook.secrets.map(() => MASK);
		if (webhook.hidden && webhook.url !== null) webhook.url = MASK;
	}
	const signature = policy.external?.webhook?.signature;
	if (signature != null) signature.secrets = signature.secrets.map(() => MASK);
	const to = policy.external?.result?.media?.to;
	if (to?.kind === 's3') Object.assign(to, { accessKeyId: MASK, secretAccessKey: MASK });
}

function maskAll(values: Record<string, string>): void {
	for (const name of Object.keys(values)) values[name] = MASK;
}
