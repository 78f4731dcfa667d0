/** The processes that the keeper holds, as the `run` provider sees them. */
import type { ProcessHost, ProcessSpec, ProcessWatcher, RunningProcess } from '../instances/process-host.ts';
import type { KeeperChannel } from './keeper-channel.ts';
import type { KeptProcess, PrintedLines, ProcessEnd } from './keeper-protocol.ts';

const LINES = 20;
const MOST_LINE = 4096;
/** Processes that ended and whose last lines are still known. */
const MOST_ENDED = 1_000;

export class KeeperProcesses implements ProcessHost {
	/** Lines that were lost because this core did not take them in time. */
	dropped = 0;
	readonly #channel: KeeperChannel;
	readonly #running = new Map<string, RunningProcess>();
	readonly #last = new Map<string, string[]>();
	readonly #watchers: ProcessWatcher[] = [];

	constructor(channel: KeeperChannel, running: readonly KeptProcess[]) {
		this.#channel = channel;
		for (const { last, ...process } of running) {
			this.#running.set(process.id, process);
			this.#last.set(process.id, [...last]);
		}
		channel.on('started', ({ type: _, ...process }) => this.#started(process));
		channel.on('exited', (end) => this.#exited(end));
		channel.on('lines', ({ batch, dropped }) => {
			this.dropped += dropped;
			for (const printed of batch) this.#printed(printed);
		});
	}

	list(): RunningProcess[] {
		return [...this.#running.values()];
	}

	async spawn(spec: ProcessSpec): Promise<{ pid: number }> {
		const { value } = await this.#channel.request('spawn', { spec });
		return { pid: value.pid };
	}

	signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): void {
		if (this.#running.has(id)) this.#channel.send({ type: 'signal', id, signal });
	}

	lastLines(id: string): string[] {
		return [...(this.#last.get(id) ?? [])];
	}

	watch(listener: ProcessWatcher): void {
		this.#watchers.push(listener);
		// Only now: lines that nobody takes would be lost.
		if (this.#watchers.length === 1) this.#channel.send({ type: 'watch' });
	}

	/** The news comes before the answer to `spawn`, and before the process's end. */
	#started(process: RunningProcess): void {
		this.#running.set(process.id, process);
		this.#last.delete(process.id);
		this.#last.set(process.id, []);
	}

	#exited({ id, code, signal, last }: ProcessEnd): void {
		this.#running.delete(id);
		this.#last.set(id, last);
		for (const known of this.#last.keys()) {
			if (this.#last.size <= MOST_ENDED) break;
			if (!this.#running.has(known)) this.#last.delete(known);
		}
		for (const watcher of this.#watchers) watcher.exited(id, code, signal);
	}

	#printed({ id, stream, lines }: PrintedLines): void {
		const last = this.#last.get(id);
		if (last && this.#running.has(id)) {
			last.push(
				...lines.slice(-LINES).map((line) => (line.length > MOST_LINE ? `${line.slice(0, MOST_LINE)}…` : line)),
			);
			last.splice(0, last.length - LINES);
		}
		for (const watcher of this.#watchers) watcher.lines(id, stream, lines);
	}
}
