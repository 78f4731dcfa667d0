/** Tells whether a running process was started from the same configuration. */
import { createHash } from 'node:crypto';
import type { RunConfig } from '../config.ts';

/**
 * 16 hex digits over all that shapes the process itself. `graceMs` and `startMs` are left out: they
 * can change without a new process, and so can the CPU that it is given; its memory cannot. Not a place to learn a secret from: 64 bits of a hash over the
 * whole of it.
 */
export function launchHash(config: RunConfig): string {
	const env = Object.entries(config.env).sort(([a], [b]) => (a < b ? -1 : 1));
	const memory = config.size?.memoryBytes ?? null;
	const shape = [config.command, config.cwd, env, config.user, config.portEnv, ...(memory === null ? [] : [memory])];
	return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
}
