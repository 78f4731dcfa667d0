/** Shows a resolved configuration. */
import { stringify } from 'yaml';
import type { Config } from './config.ts';
import { maskedUrl } from './masked-url.ts';
import { MASK } from './problem.ts';
import { type Form, userForm } from './user-form.ts';

/**
 * The configuration in user form: with all defaults, the long forms, durations and sizes with units and
 * absolute paths, so that it can be saved and loaded again (but for secrets, and paths of webhooks, which are
 * masked). A route tells what differs from its service.
 */
export function printConfig(config: Config, format: 'yaml' | 'json' = 'yaml'): string {
	const form = maskedForm(config);
	return format === 'json' ? `${JSON.stringify(form, null, 2)}\n` : stringify(form, { lineWidth: 0 });
}

/** What `printConfig` prints, as data. */
export function maskedForm(config: Config): Form {
	return userForm(config, { secret: () => MASK, address: maskedUrl, fullRoutes: false });
}
