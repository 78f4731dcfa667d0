/** Shows a resolved configuration. */
import { stringify } from 'yaml';
import { maskAlerting } from './alerts-form.ts';
import type { Config } from './config.ts';
import { MASK, namesSecret } from './problem.ts';
import { type Form, userForm } from './user-form.ts';

/**
 * The configuration in user form: with all defaults, the long forms, durations and sizes with units and
 * absolute paths, so that it can be saved and loaded again (but for secrets, which are masked). A route
 * tells what differs from its service.
 */
export function printConfig(config: Config, format: 'yaml' | 'json' = 'yaml'): string {
	const form = maskedForm(config);
	return format === 'json' ? `${JSON.stringify(form, null, 2)}\n` : stringify(form, { lineWidth: 0 });
}

/** What `printConfig` prints, as data. */
export function maskedForm(config: Config): Form {
	return userForm(config, { secret: () => MASK, fullRoutes: false });
}

/** The resolved configuration with its secrets masked: what may leave the process. */
export function maskConfig(config: Config): Config {
	const masked = structuredClone(config);
	maskAlerting(masked);
	for (const { headers } of masked.exports) for (const name of Object.keys(headers)) headers[name] = MASK;
	if (masked.receive !== null && masked.receive.token !== null) masked.receive.token = MASK;
	for (const service of masked.services) {
		for (const { instances } of service.pools) {
			if (!('env' in instances)) continue;
			const { env, secretEnv } = instances;
			for (const name of Object.keys(env)) if (secretEnv.includes(name) || namesSecret(name)) env[name] = MASK;
		}
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
