/** Starts programs pinned to cores, keeps the end of what they print, and ends their whole tree. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from './proc-stat.ts';
import { MARK, processTree } from './tree.ts';

/** How a program is started. `cores`: the cores it may use, as taskset writes them (`1`, `0,1`). */
export interface Launch {
	readonly argv: readonly string[];
	readonly cores: string;
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
	/** A file that takes its standard output; default: the last lines are kept in memory. */
	readonly stdoutFile?: string;
}

/** A program that was started, with everything that it started in turn. */
export interface Program {
	readonly pid: number;
	/** The pids of its tree now. */
	tree(): number[];
	/** The last 4,000 characters that it printed. */
	output(): string;
	/** The exit code, or undefined while it runs; a signal counts as 128. */
	exitCode(): number | undefined;
	/** SIGTERM, then SIGKILL for what is left after `graceMs` (default 5,000). */
	stop(graceMs?: number): Promise<void>;
}

const running = new Set<StartedProgram>();

/** Starts a program. It is killed with its tree if this process exits first. */
export function launch(how: Launch): Program {
	const mark = randomUUID();
	const [command, ...args] = how.argv as [string, ...string[]];
	const stdout = how.stdoutFile === undefined ? 'pipe' : openSync(how.stdoutFile, 'a');
	const child = spawn('taskset', ['-c', how.cores, command, ...args], {
		cwd: how.cwd,
		env: { ...process.env, ...how.env, [MARK]: mark },
		stdio: ['ignore', stdout, 'pipe'],
	});
	if (typeof stdout === 'number') closeSync(stdout);
	return new StartedProgram(child, mark);
}

class StartedProgram implements Program {
	readonly pid: number;
	readonly #mark: string;
	readonly #ended: Promise<unknown>;
	#code: number | undefined;
	#text = '';

	constructor(child: ChildProcess, mark: string) {
		this.pid = child.pid ?? -1;
		this.#mark = mark;
		const keep = (chunk: Buffer) => {
			this.#text = (this.#text + chunk.toString('latin1')).slice(-4000);
		};
		child.stdout?.on('data', keep);
		child.stderr?.on('data', keep);
		child.on('error', (error) => keep(Buffer.from(error.message)));
		this.#ended = new Promise<void>((resolve) => {
			child.once('exit', (code) => {
				this.#code = code ?? 128;
				resolve();
			});
			child.once('error', () => resolve());
		});
		running.add(this);
	}

	tree(): number[] {
		return processTree(this.pid, this.#mark).map((stat) => stat.pid);
	}

	output(): string {
		return this.#text.trim();
	}

	exitCode(): number | undefined {
		return this.#code;
	}

	async stop(graceMs = 5000): Promise<void> {
		const members = processTree(this.pid, this.#mark);
		if (this.#code === undefined) kill(this.pid, 'SIGTERM');
		await Promise.race([this.#ended, sleep(graceMs, undefined, { ref: false })]);
		for (const member of [...members, ...processTree(this.pid, this.#mark)]) {
			if (readStat(member.pid)?.startTicks === member.startTicks) kill(member.pid, 'SIGKILL');
		}
		running.delete(this);
	}

	killNow(): void {
		for (const pid of this.tree()) kill(pid, 'SIGKILL');
	}
}

function kill(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch {
		// It ended between the look and the signal.
	}
}

process.on('exit', () => {
	for (const program of running) program.killNow();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
