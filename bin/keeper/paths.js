// Where the keeper keeps its files, and who may see them.
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { option } from './arguments.js';

/** Most bytes of the path of a Unix socket on Linux, less the final NUL. */
const MOST_PATH = 107;

/** A mistake of the operator: its message is printed as it is, and the exit code is its own. */
export class KeeperError extends Error {
	constructor(message, exitCode = 1) {
		super(message);
		this.exitCode = exitCode;
	}
}

/** `$XDG_RUNTIME_DIR/ballast`, else `<temp folder>/ballast-<uid>`. */
export function runDirectory(env = process.env) {
	const base = env.XDG_RUNTIME_DIR;
	return base ? join(resolve(base), 'ballast') : join(tmpdir(), `ballast-${process.geteuid()}`);
}

/** Name and paths of this keeper. `private`: the socket lies in the run folder, which must be ours alone. */
export function keeperPaths(argv, env = process.env) {
	const name = option(argv, 'name') ?? 'default';
	if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)) {
		throw new KeeperError(`--name ${JSON.stringify(name)}: up to 64 letters, digits, '.', '_' and '-' are accepted`, 2);
	}
	const runDir = runDirectory(env);
	const given = option(argv, 'socket') ?? (env.BALLAST_SOCKET || undefined);
	if (given === '') throw new KeeperError('--socket needs a path', 2);
	const socketPath = given === undefined ? join(runDir, `${name}.sock`) : resolve(given);
	if (Buffer.byteLength(socketPath) > MOST_PATH) {
		const advice = 'choose a shorter one with --socket';
		throw new KeeperError(`the path of the control socket is over ${MOST_PATH} bytes: ${socketPath} (${advice})`, 2);
	}
	return { name, runDir, socketPath, private: given === undefined };
}

/** Makes the run folder if need be; throws when anybody else could look into it. */
export function openRunDirectory(folder) {
	makeFolder(folder);
	const found = lstatSync(folder);
	const refuse = (why) => new KeeperError(`${folder} ${why}; Ballast keeps its control socket there and refuses it`);
	if (!found.isDirectory()) throw refuse('is not a folder');
	if (found.uid !== process.geteuid()) throw refuse(`belongs to another user (uid ${found.uid})`);
	if ((found.mode & 0o077) !== 0)
		throw refuse(`is open to other users (mode ${(found.mode & 0o777).toString(8)}, not 700)`);
}

function makeFolder(folder) {
	try {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
	} catch (error) {
		throw new KeeperError(
			`the folder ${folder} for the control socket cannot be made (${error.code}); name another place with --socket PATH or $BALLAST_SOCKET`,
		);
	}
}

/** The folder of a socket whose path was given: nobody else may replace a file in it. */
export function checkSocketFolder(socketPath) {
	const folder = dirname(socketPath);
	makeFolder(folder);
	const { uid, mode } = statSync(folder);
	const sticky = (mode & 0o1000) !== 0;
	if (uid !== process.geteuid() && uid !== 0) {
		throw new KeeperError(`${folder} belongs to another user (uid ${uid}): no control socket is put there`);
	}
	if ((mode & 0o022) !== 0 && !sticky) {
		throw new KeeperError(
			`${folder} can be written by other users (mode ${(mode & 0o777).toString(8)}): no control socket is put there`,
		);
	}
}
