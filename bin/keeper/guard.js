// Sees to it that a process group does not outlive the keeper, whatever ends the keeper.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** In the environment of a process and of all that it starts: finds those that left its group. */
export const MARK = 'BALLAST_LIFE';

/**
 * Reads the group's number and its mark, then waits for a word: `released` ends the guard, `sweep`
 * ends what left the group, the end of the pipe ends the group and what left it. Twice, since one
 * that is being killed may just have started another.
 */
const SCRIPT = `trap '' HUP INT TERM
read -r group mark || exit 0
read -r word
case "$word" in
released) exit 0 ;;
sweep) ;;
*) kill -s KILL -- "-$group" ;;
esac
[ -n "$mark" ] || exit 0
for round in 1 2; do
	for file in $(grep -lsF -- "${MARK}=$mark" /proc/[0-9]*/environ); do
		pid=\${file#/proc/}
		kill -s KILL "\${pid%/environ}"
	done
done`;
const REOPEN_MS = 1_000;

/**
 * A shell in a session of its own that reads a pipe only the keeper holds. It is started before the
 * process that it guards, so that no moment is left in which that one could be orphaned.
 */
export class Guard {
	#shell;
	#group = 0;
	#mark = '';
	#released = false;

	constructor() {
		this.#open();
	}

	/** `group`: the process group that ends with the keeper; `mark`: what `MARK` is in its environment. */
	watch(group, mark = '') {
		this.#group = group;
		this.#mark = mark;
		this.#shell?.stdin?.write(`${group} ${mark}\n`);
	}

	/** The group is gone: ends what left it, and the guard. */
	sweep() {
		this.#released = true;
		this.#shell?.stdin?.end('sweep\n');
	}

	release() {
		this.#released = true;
		this.#shell?.stdin?.end('released\n');
	}

	#open() {
		const shell = spawn('/bin/sh', ['-c', SCRIPT], {
			detached: true,
			cwd: '/',
			env: {},
			stdio: ['pipe', 'ignore', 'ignore'],
		});
		this.#shell = shell;
		shell.stdin?.on('error', () => {});
		// Without a shell on this machine there is no guard; all else works.
		shell.on('error', () => this.#closed(shell));
		shell.on('exit', () => this.#closed(shell));
		shell.unref();
	}

	/** Somebody ended the shell: another takes its place while there is something to guard. */
	#closed(shell) {
		if (this.#shell !== shell) return;
		this.#shell = undefined;
		setTimeout(() => {
			if (this.#released || this.#shell) return;
			this.#open();
			if (this.#group > 0) this.watch(this.#group, this.#mark);
		}, REOPEN_MS).unref();
	}
}

/** Signals a whole process group; false when it does not exist any more. */
export function signalGroup(group, signal) {
	try {
		process.kill(-group, signal);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}

/** Whether a member of the group still runs. In a container without an init, zombies may stay for good. */
export function groupRuns(group) {
	if (!signalGroup(group, 0)) return false;
	const pids = readNames('/proc').filter((name) => /^\d+$/.test(name));
	if (pids.length === 0) return true;
	return pids.some((pid) => {
		// pid (command) state parent group …
		const [state, , itsGroup] = readText(`/proc/${pid}/stat`).split(') ').at(-1).split(' ');
		return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
	});
}

function readNames(folder) {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

function readText(path) {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}
