// Why a process could not be started, in a sentence, and who it is to run as.
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** An instance could not be started; `lasting`: and it will not be, until somebody changes something. */
export class StartError extends Error {
	lasting;

	constructor(message, { lasting = false } = {}) {
		super(message);
		this.lasting = lasting;
	}
}

const LASTING = { lasting: true };

/** uid and gid of a user name or number; supplementary groups are given up. */
export async function userIds(user) {
	if (!/^[a-z0-9_][a-z0-9_.-]*\$?$/i.test(user))
		throw new StartError(`${JSON.stringify(user)} is no name of a user`, LASTING);
	const [uid, gid] = await Promise.all([idOf('-u', user), idOf('-g', user)]);
	return { uid, gid };
}

function idOf(flag, user) {
	return new Promise((resolve, reject) => {
		execFile('id', [flag, user], { timeout: 10_000 }, (error, stdout) => {
			if (error) reject(new StartError(`there is no user ${user} on this machine`, { lasting: error.code === 1 }));
			else resolve(Number(stdout.trim()));
		});
	});
}

/** Refuses a folder that is not there: the system's own error would blame the command. */
export function checkFolder(folder) {
	let found;
	try {
		found = statSync(folder);
	} catch (error) {
		throw new StartError(
			error.code === 'ENOENT' ? `its folder ${folder} does not exist` : `its folder ${folder}: ${error.code}`,
			LASTING,
		);
	}
	if (!found.isDirectory()) throw new StartError(`its folder ${folder} is not a folder`, LASTING);
}

/** Why a spawn failed. */
export function startError(error, spec) {
	// What the machine lacks at the moment may come back by itself.
	const passing = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY'].includes(error.code);
	return new StartError(explainStart(error, spec), { lasting: !passing });
}

function explainStart(error, { command, cwd, env, user }) {
	const program = command[0];
	if (error.code === 'ENOENT') return notFound(program, cwd, env);
	if (error.code === 'EACCES')
		return `${program} may not be executed (permission denied; is it executable, and ${cwd} open to the user?)`;
	if (error.code === 'EPERM' && user !== null) return `only root may start ${program} as user ${user}`;
	if (error.code === 'ENOEXEC') return `${program} is not a program for this machine (does its first line say #!…?)`;
	if (error.code === 'E2BIG') return `the arguments and the environment of ${program} are too long`;
	if (error.code === 'EAGAIN') return `${program}: the limit of processes is reached`;
	if (error.code === 'EMFILE' || error.code === 'ENFILE') return `${program}: too many files are open`;
	// A value with a NUL: the message of Node.js would print it, and it may be a secret.
	if (error.code === 'ERR_INVALID_ARG_VALUE')
		return `${program}: an argument or a variable of its environment holds a NUL character`;
	return `${program}: ${error.code ?? 'it could not be started'}`;
}

function notFound(program, cwd, env) {
	if (!program.includes('/')) {
		const found = (env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
		if (found) return missingInterpreter(program);
		// `run -- "node server.js"`: no shell splits it.
		const hint = program.includes(' ') ? '; write it without the quotes: there is no shell in between' : '';
		return `the command ${program} was not found in PATH${hint}`;
	}
	const path = resolve(cwd, program);
	return isExecutable(path) ? missingInterpreter(path) : `the command ${path} does not exist`;
}

const missingInterpreter = (path) => `${path} exists, but the interpreter that its first line names does not`;

function isExecutable(path) {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
