/** Whether what a local instance is started from is there, as far as this machine can tell. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { RunConfig } from '../config.ts';
import { instanceEnvironment } from './environment.ts';

/** Why the program of a command could not be started here; null: nothing is seen that would keep it from that. */
export function missingProgram(config: RunConfig, parent: NodeJS.ProcessEnv = process.env): string | null {
	const program = config.command[0] as string;
	if (program.includes('/')) {
		const path = resolve(config.cwd, program);
		const state = stateOf(path);
		return state === 'runs' ? null : `${path} ${state}`;
	}
	const { PATH = '' } = instanceEnvironment(config, { id: '', port: 0 }, parent);
	const states = PATH.split(delimiter).map((folder) => stateOf(join(resolve(config.cwd, folder), program)));
	if (states.includes('runs')) return null;
	if (states.includes('is not executable')) return `${program} is in PATH, but is not executable`;
	// `run: ["node server.js"]`: no shell splits it.
	const hint = program.includes(' ') ? ' (write its words apart: there is no shell in between)' : '';
	return `${program} was not found in PATH${hint}`;
}

function stateOf(path: string): 'runs' | 'does not exist' | 'is a folder' | 'is not executable' {
	const found = statSync(path, { throwIfNoEntry: false });
	if (found === undefined) return 'does not exist';
	if (found.isDirectory()) return 'is a folder';
	try {
		accessSync(path, constants.X_OK);
		return 'runs';
	} catch {
		return 'is not executable';
	}
}

/** Whether this machine knows the user, by name or number. */
export function userExists(user: string): boolean {
	try {
		execFileSync('id', ['-u', '--', user], { stdio: 'ignore', timeout: 10_000 });
		return true;
	} catch (error) {
		// Without an answer nothing is claimed.
		return (error as { status?: number | null }).status !== 1;
	}
}
