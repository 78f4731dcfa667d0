/** What would be refused later is told at the beginning. */
import { inert } from '../../core/inert.ts';
import { checksPermissions, type Platform } from './platform.ts';
import { callPlatform } from './platform-call.ts';

const MOST_NAMED = 10;

/** `deployment api can be read, but not all that it needs is permitted (permissions needed: patch pods)`; null: nothing is known to be missing. */
export async function missingPermissions(
	platform: Platform,
	limitMs: number,
	closed: AbortSignal,
): Promise<string | null> {
	if (!checksPermissions(platform)) return null;
	const asked = callPlatform(limitMs, closed, (signal) => platform.missingPermissions(signal));
	// Whoever may not even ask learns it when it is needed.
	const missing = await asked.catch(() => []);
	if (missing.length === 0 || closed.aborted) return null;
	const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
	const names = missing.slice(0, MOST_NAMED).map(inert).join(', ');
	const needed = missing.length === 1 ? 'permission needed' : 'permissions needed';
	return `${platform.target} can be read, but not all that it needs is permitted (${needed}: ${names}${more})`;
}
