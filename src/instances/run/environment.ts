/** What a local instance finds in its environment. */
import type { RunConfig } from '../config.ts';

/**
 * Taken over from Ballast's own environment. All else stays behind: what an instance is to know
 * stands in its configuration, and no secret of Ballast's leaks into a process that it starts.
 */
const INHERITED = new Set([
	'PATH',
	'HOME',
	'USER',
	'LOGNAME',
	'SHELL',
	'LANG',
	'LANGUAGE',
	'TZ',
	'TMPDIR',
	'NODE_ENV',
	'NODE_EXTRA_CA_CERTS',
	'SSL_CERT_FILE',
	'SSL_CERT_DIR',
	'LD_LIBRARY_PATH',
]);
/** Names that belong to the user Ballast runs as, wrong for an instance of another user. */
const PERSONAL = new Set(['HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR']);

/** The whole environment of an instance; `PORT` and `BALLAST_INSTANCE` win over the configuration. */
export function instanceEnvironment(
	config: RunConfig,
	instance: { id: string; port: number },
	parent: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
	const env: Record<string, string> = {};
	for (const [name, value] of Object.entries(parent)) {
		if (value === undefined || !(INHERITED.has(name) || name.startsWith('LC_'))) continue;
		if (config.user !== null && PERSONAL.has(name)) continue;
		env[name] = value;
	}
	if (config.user !== null) {
		env['USER'] = config.user;
		env['LOGNAME'] = config.user;
	}
	return { ...env, ...config.env, [config.portEnv]: String(instance.port), BALLAST_INSTANCE: instance.id };
}
