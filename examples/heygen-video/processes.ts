/** The simulator and Ballast, each a process of its own; none outlives this one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Child {
	/** Exit code; null: it was killed. */
	ended: Promise<number | null>;
	stop(): Promise<number | null>;
}

export interface SimulatorChild extends Child {
	url: string;
}

/** Throws with what it printed when it does not begin. */
export async function startSimulator(args: readonly string[]): Promise<SimulatorChild> {
	// A group of its own: Ctrl-C is not for it, it answers until Ballast has drained. It ends with the channel.
	const child = spawn(process.execPath, [join(ROOT, 'simulators', 'heygen', 'main.ts'), ...args], {
		detached: true,
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
	});
	const ended = endOf(child);
	let printed = '';
	child.stderr?.setEncoding('utf8').on('data', (text: string) => void (printed += text));
	const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
	const begun = Promise.withResolvers<string>();
	lines.on('line', (line) => {
		const url = /HeyGen simulator at (\S+),/.exec(line)?.[1];
		if (url !== undefined) begun.resolve(url);
	});
	void ended.then((code) => begun.reject(new Error(`the simulator ended with ${code}: ${printed.trim()}`)));
	const stop = (): Promise<number | null> => {
		if (child.connected) child.disconnect();
		return ended;
	};
	return { url: await begun.promise, ended, stop };
}

export interface BallastOptions {
	config: string;
	env: Readonly<Record<string, string>>;
	/** Where its output goes; null: to the terminal. */
	log: number | null;
}

export interface BallastChild extends Child {
	/** As Ctrl-C: the first drains, one more ends it at once. */
	signal(): void;
}

export function startBallast({ config, env, log }: BallastOptions): BallastChild {
	const output = log ?? 'inherit';
	const child = spawn(process.execPath, [join(ROOT, 'bin', 'ballast.js'), 'up', config], {
		detached: true,
		// It ends when this pipe does, even after a kill -9 of ours.
		stdio: ['ignore', output, output, 'pipe'],
		env: { ...process.env, ...env, BALLAST_LAUNCHER: '1' },
	});
	child.stdio[3]?.on('error', () => {});
	const ended = endOf(child);
	const signal = (): void => void child.kill('SIGTERM');
	const stop = (): Promise<number | null> => {
		signal();
		return ended;
	};
	return { ended, signal, stop };
}

function endOf(child: ChildProcess): Promise<number | null> {
	return new Promise((resolve) => {
		child.once('exit', resolve);
		child.once('error', () => resolve(1));
	});
}
