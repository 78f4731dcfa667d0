/** Runs the commands of scripts/run-tests.js, with bounds. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');
/** Where what a Ballast that is tried keeps goes: it is none of this user's. */
export const state = join(tmpdir(), `ballast-test-state-${process.pid}`);
/** Most minutes for a command: one that hangs must not hold the run for ever. */
const LIMIT_MINUTES = 10;

/**
 * Resolves to its exit code; 1 when it was ended by a signal, could not be started or took longer than `minutes`.
 * `lines`: gets what it prints, which is shown otherwise; `compiled`: the folder where Node keeps compiled code.
 */
export function run([command, ...args], { minutes = LIMIT_MINUTES, lines = undefined, compiled = undefined }) {
	return new Promise((resolve) => {
		// node:test marks the processes that it starts; run from within a test, ours are no part of it.
		const { NODE_TEST_CONTEXT: _, STATE_DIRECTORY: __, ...env } = process.env;
		if (compiled !== undefined) env.NODE_COMPILE_CACHE ??= compiled;
		env.XDG_STATE_HOME = state;
		const child = spawn(command, args, {
			cwd: root,
			env,
			stdio: ['ignore', ...Array(2).fill(lines === undefined ? 'inherit' : 'pipe')],
		});
		// Not to be mixed with those of others.
		for (const stream of [child.stdout, child.stderr])
			stream?.setEncoding('utf8').on('data', (text) => lines.push(text));
		const say = (text) => (lines === undefined ? console.error(text) : lines.push(`${text}\n`));
		const timer = setTimeout(() => {
			say(`${[command, ...args].join(' ')} takes longer than ${minutes.toFixed(1)} minutes and is ended`);
			child.kill('SIGTERM');
			setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
		}, minutes * 60_000);
		child.on('error', (error) => {
			say(error.message);
			clearTimeout(timer);
			resolve(1);
		});
		// What it left running may hold its output open: it is over all the same.
		child.on('exit', () => setTimeout(() => child.stdout?.destroy(), 2000).unref());
		child.on('exit', () => setTimeout(() => child.stderr?.destroy(), 2000).unref());
		child.on('close', (code) => {
			clearTimeout(timer);
			resolve(code ?? 1);
		});
	});
}
