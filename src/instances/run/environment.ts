/** What a local instance finds in its environment. */
import type { RunConfig } from '../config.ts';

/** What is between Ballast, npm and their own children, and means nothing to an instance. */
const OWN = /^(BALLAST_|NODE_CHANNEL_|NODE_UNIQUE_ID$|NODE_COMPILE_CACHE$|npm_)/;
/** The environment without whatever may be a secret: for commands that are told what they need. */
export function plainEnvironment(parent: NodeJS.ProcessEnv): Record<string, string> {
	const names = Object.keys(parent).filter(
		(name) => FOR_OTHERS.has(name) || name.startsWith('LC_') || ['HOME', 'USER', 'LOGNAME'].includes(name),
	);
	return Object.fromEntries(names.map((name) => [name, parent[name] as string]));
}

/** All that an instance of another user takes over: the rest may hold secrets that are not for that user. */
const FOR_OTHERS = new Set([
	'PATH',
	'LANG',
	'LANGUAGE',
	'TZ',
	'NODE_ENV',
	'NODE_EXTRA_CA_CERTS',
	'SSL_CERT_FILE',
	'SSL_CERT_DIR',
	'LD_LIBRARY_PATH',
]);

/**
 * The whole environment of an instance: Ballast's own, as a shell would pass it on, and what the
 * configuration says; `PORT` and `BALLAST_INSTANCE` win over both.
 */
export function instanceEnvironment(
	config: RunConfig,
	instance: { id: string; port: number },
	parent: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
	const env: Record<string, string> = {};
	for (const [name, value] of Object.entries(parent)) {
		if (value === undefined || OWN.test(name)) continue;
		if (config.user !== null && !FOR_OTHERS.has(name) && !name.startsWith('LC_')) continue;
		env[name] = value;
	}
	if (config.user !== null) {
		env['USER'] = config.user;
		env['LOGNAME'] = config.user;
	}
	return {
		...env,
		...config.env,
		...heapOptions(config, env['NODE_OPTIONS']),
		[config.portEnv]: String(instance.port),
		BALLAST_INSTANCE: instance.id,
	};
}

/** Of its memory, what a Node.js process may use as heap: buffers, code and stacks need the rest. */
const HEAP = 0.75;

/** A process that is given so much memory collects its garbage before that is used up. Other programs do not look at it. */
function heapOptions({ env, size }: RunConfig, inherited = ''): Record<string, string> {
	const bytes = size?.memoryBytes ?? null;
	const before = env['NODE_OPTIONS'] ?? inherited;
	if (bytes === null || before.includes('--max-old-space-size') || before.includes('--max_old_space_size')) return {};
	const heap = `--max-old-space-size=${Math.max(16, Math.floor((bytes * HEAP) / 1_048_576))}`;
	return { NODE_OPTIONS: before === '' ? heap : `${before} ${heap}` };
}
