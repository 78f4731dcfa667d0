/** What would be refused later is told at the beginning. */
import { inert } from '../../core/inert.ts';
import { checksPermissions, type PermissionsFound, type Platform } from './platform.ts';
import { callPlatform } from './platform-call.ts';

const MOST_NAMED = 20;

/** Sentences; null: there is nothing to say. */
export interface PermissionsTold {
	/** `deployment api can be read, but not all that it needs is permitted (permissions needed: patch pods)`. */
	readonly missing: string | null;
	/** `group api: whether these permissions are granted shows only when they are needed: …`. */
	readonly untested: string | null;
}

export async function tellPermissions(
	platform: Platform,
	limitMs: number,
	closed: AbortSignal,
): Promise<PermissionsTold> {
	const nothing = { missing: null, untested: null };
	if (!checksPermissions(platform)) return nothing;
	const asked = callPlatform(limitMs, closed, (signal) => platform.missingPermissions(signal));
	// Whoever may not even ask learns it when it is needed.
	const found = await asked.catch(() => []);
	if (closed.aborted) return nothing;
	const { missing, untested, why }: PermissionsFound =
		'missing' in found ? found : { missing: found, untested: [], why: '' };
	const needed = missing.length === 1 ? 'permission needed' : 'permissions needed';
	const { target } = platform;
	return {
		missing:
			missing.length === 0
				? null
				: `${target} can be read, but not all that it needs is permitted (${needed}: ${named(missing)})`,
		untested:
			untested.length === 0
				? null
				: `${target}: whether these are permitted shows only when they are needed: ${named(untested)} (${inert(why)})`,
	};
}

function named(permissions: readonly string[]): string {
	const more = permissions.length > MOST_NAMED ? ` and ${permissions.length - MOST_NAMED} more` : '';
	return `${permissions.slice(0, MOST_NAMED).map(inert).join(', ')}${more}`;
}
