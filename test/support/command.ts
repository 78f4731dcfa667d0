import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Ballast, LAUNCHER } from './ballast.ts';

/** What `ballast ARGS` prints about a running Ballast. @throws with what it prints to stderr when it ends with another code than 0 */
export async function command({ socketPath, folder }: Ballast, args: readonly string[]): Promise<string> {
	const { NODE_TEST_CONTEXT: _, ...env } = process.env;
	const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, ...args], {
		cwd: folder,
		env: { ...env, BALLAST_SOCKET: socketPath, NO_COLOR: '1' },
	});
	return stdout;
}
