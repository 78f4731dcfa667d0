import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where a Ballast of this name keeps what lasts when the configuration says nothing: the folder that systemd
 * made for the service (`StateDirectory=`), else the user's (XDG Base Directory Specification).
 */
export function stateFolder(name: string, env: NodeJS.ProcessEnv): string {
	// systemd may give several, with colons between; ours is the first.
	const given = env['STATE_DIRECTORY']?.split(':')[0];
	if (given !== undefined && isAbsolute(given)) return join(given, name);
	const state = env['XDG_STATE_HOME'];
	const root = state !== undefined && isAbsolute(state) ? state : join(homedir(), '.local', 'state');
	return join(root, 'ballast', name);
}
