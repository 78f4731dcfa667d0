/** Where a running Ballast is spoken to, and whether that place may be trusted. */
import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { BallastError } from '../core/errors.ts';
import { livingNames } from './living-sockets.ts';

export interface ControlSocket {
	path: string;
	/** The run folder that it must lie in; null: the path was given, the folder is the user's choice. */
	runDir: string | null;
}

/** Longest path that a Unix socket's address holds, bytes. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** `--socket`, else $BALLAST_SOCKET, else the one of the name; as the keeper decides where to open it. */
export function controlSocket(
	chosen: { name?: string | undefined; socket?: string | undefined },
	env: NodeJS.ProcessEnv,
): ControlSocket {
	const given = chosen.socket ?? (env.BALLAST_SOCKET || undefined);
	if (given !== undefined) return { path: resolve(given), runDir: null };
	const runDir = env.XDG_RUNTIME_DIR
		? join(resolve(env.XDG_RUNTIME_DIR), 'ballast')
		: join(tmpdir(), `ballast-${ownId()}`);
	return { path: join(runDir, `${chosen.name ?? 'default'}.sock`), runDir };
}

/**
 * Refuses a socket that somebody else could have put there: what answers on it would be believed.
 * Throws `not_running` when nothing is there, `command_failed` when it cannot be trusted.
 */
export async function checkSocket({ path, runDir }: ControlSocket): Promise<void> {
	if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
		throw refusal(
			`the path of the control socket is longer than the ${MAX_PATH_BYTES} bytes that the system allows: ${path}`,
		);
	}
	if (runDir !== null) {
		const folder = stat(runDir);
		if (folder === undefined) throw await notRunning({ path, runDir });
		if (!folder.isDirectory()) throw refusal(`${runDir} is not a folder; the control socket should lie in it`);
		if (folder.uid !== ownId()) throw refusal(`${runDir} belongs to ${owner(folder.uid)}; nothing in it is trusted`);
		if (folder.mode & 0o077)
			throw refusal(`others can open ${runDir}; nothing in it is trusted. Make it yours alone: chmod 700 ${runDir}`);
	}
	const socket = stat(path);
	if (socket === undefined) throw await notRunning({ path, runDir });
	if (!socket.isSocket()) throw refusal(`${path} is not a socket`);
	if (socket.uid !== ownId()) {
		throw refusal(
			`the control socket ${path} belongs to ${owner(socket.uid)}; only its owner may use it. Run the command as that user`,
		);
	}
}

/** The error `not_running`, with the names under which others run. */
export async function notRunning({ path, runDir }: ControlSocket, cause?: unknown): Promise<BallastError> {
	const names = runDir === null ? [] : await livingNames(runDir);
	const others = names.filter((name) => join(runDir as string, `${name}.sock`) !== path);
	const hint = others.length === 0 ? '' : `; there is ${others.map((name) => `--name ${name}`).join(', ')}`;
	return new BallastError(
		'not_running',
		`ballast is not running (looked at ${path}${hint}); start it with \`ballast up\``,
		{ path },
		cause,
	);
}

function stat(path: string) {
	try {
		return lstatSync(path);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw new BallastError(
			'command_failed',
			`${path} cannot be looked at (${code}); are you the user that Ballast runs as?`,
			{ dir: dirname(path) },
			error,
		);
	}
}

const owner = (uid: number) => (uid === 0 ? 'root' : `another user (uid ${uid})`);

/** The effective user: the one that files are opened as. */
const ownId = () => process.geteuid?.() ?? 0;

const refusal = (message: string) => new BallastError('command_failed', message);
