/** A process host for tests: real processes straight over child_process, without a keeper between. */
import { type ChildProcess, spawn } from 'node:child_process';
import { BallastError } from '../../core/errors.ts';
import type { ProcessHost, ProcessSpec, ProcessWatcher, RunningProcess } from '../process-host.ts';

interface Entry {
	readonly running: RunningProcess;
	readonly child: ChildProcess;
}

export class TestingHost implements ProcessHost {
	/** Every spec that was started or tried, in order. */
	readonly specs: ProcessSpec[] = [];
	/** Signals sent, as `videos-1 SIGTERM`. */
	readonly signals: string[] = [];
	readonly #entries = new Map<string, Entry>();
	readonly #lines = new Map<string, string[]>();
	readonly #watchers: ProcessWatcher[] = [];
	#spawning = 0;
	#closed = false;

	list(): RunningProcess[] {
		return [...this.#entries.values()].map((entry) => entry.running);
	}

	spawn(spec: ProcessSpec): Promise<{ pid: number }> {
		this.specs.push(spec);
		if (this.#closed) return Promise.reject(new BallastError('start_failed', 'the host is closed'));
		if (this.#entries.has(spec.id)) throw new Error(`${spec.id} runs already`);
		const lines: string[] = [];
		this.#lines.set(spec.id, lines);
		const [file, ...args] = spec.command as [string, ...string[]];
		const child = spawn(file, args, {
			cwd: spec.cwd,
			env: spec.env,
			stdio: ['ignore', 'pipe', 'pipe'],
			detached: true,
		});
		for (const stream of [child.stdout, child.stderr]) {
			stream.on('data', (chunk: Buffer) => {
				lines.push(...chunk.toString().split('\n').filter(Boolean));
				lines.splice(0, lines.length - 20);
			});
		}
		this.#spawning++;
		return new Promise((resolve, reject) => {
			child.once('error', (error) => {
				if (child.pid !== undefined) return;
				this.#spawning--;
				reject(new BallastError('start_failed', `${file}: ${error.message}`, { lasting: true }));
			});
			child.once('spawn', () => {
				const pid = child.pid as number;
				this.#entries.set(spec.id, {
					child,
					running: { id: spec.id, pid, startedAt: Date.now(), labels: spec.labels },
				});
				this.#spawning--;
				if (this.#closed) this.kill(spec.id, 'SIGKILL');
				resolve({ pid });
			});
			child.once('close', (code, signal) => {
				if (this.#entries.get(spec.id)?.child !== child) return;
				this.#entries.delete(spec.id);
				for (const watcher of this.#watchers) watcher.exited(spec.id, code, signal);
			});
		});
	}

	signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): void {
		this.signals.push(`${id} ${signal}`);
		this.kill(id, signal);
	}

	lastLines(id: string): string[] {
		return this.#lines.get(id) ?? [];
	}

	watch(listener: ProcessWatcher): void {
		this.#watchers.push(listener);
	}

	/** Ends a process from outside, as an operator or the kernel would. */
	kill(id: string, signal: NodeJS.Signals): void {
		const entry = this.#entries.get(id);
		if (!entry) return;
		try {
			process.kill(-entry.running.pid, signal);
		} catch {
			// It ended in this moment.
		}
	}

	/** Kills all that still run or are about to; resolves once they are gone. */
	async close(): Promise<void> {
		this.#closed = true;
		for (const id of this.#entries.keys()) this.kill(id, 'SIGKILL');
		while (this.#entries.size > 0 || this.#spawning > 0) await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
