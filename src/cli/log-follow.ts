/** A log as it grows. */
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { LogEntry } from '../core/log-entry.ts';
import { control } from './control-client.ts';
import type { ControlSocket } from './control-socket.ts';
import { pause } from './interruption.ts';
import { readEntryLine } from './log-answer.ts';

export interface Follow {
	where: ControlSocket;
	query: string;
	/** Epoch ms; entries from then on. */
	fromMs: number;
	/** Those that were shown already. */
	shown: readonly LogEntry[];
	signal: AbortSignal;
	emit(entry: LogEntry): void;
	/** What interrupts the stream, once for each time. */
	complain(text: string): void;
}

/**
 * How long Ballast streams to us before we ask anew, ms: nobody tells it that we are gone.
 */
const LEASE_MS = 30_000;
const AGAIN_MS = 1000;
/** Entries that are remembered: what is asked for anew overlaps with what came, and none is to be shown twice. */
const MOST_REMEMBERED = 2000;

/** Until the signal is aborted; a Ballast that goes away is waited for. Throws what is wrong with the query. */
export async function followLogs({ where, query, fromMs, shown, signal, emit, complain }: Follow): Promise<void> {
	let newestMs = Math.max(fromMs, ...shown.map(({ timeMs }) => timeMs || 0));
	const remembered = new Remembered(shown);
	const onLine = (line: string): void => {
		const entry = readEntryLine(line);
		if (entry === undefined || remembered.isKnown(entry)) return;
		newestMs = Math.max(newestMs, entry.timeMs || 0);
		emit(entry);
	};
	for (let broken = false; !signal.aborted; ) {
		remembered.again();
		const args = { query, fromMs: newestMs, follow: true, forMs: LEASE_MS };
		const began = performance.now();
		try {
			await control(where, 'logs', args, { onLine, signal, quietMs: LEASE_MS + 10_000 });
			broken = false;
			// A version that does not stream answers at once.
			if (performance.now() - began < AGAIN_MS) await pause(AGAIN_MS, signal);
		} catch (error) {
			if (signal.aborted) return;
			if (!(error instanceof BallastError) || error.code === 'bad_query' || error.code === 'bad_command') throw error;
			if (!broken) complain(`${inert(error.message)}; waiting for it`);
			broken = true;
			await pause(AGAIN_MS, signal);
		}
	}
}

/** What was shown, and how often: the same line twice in one ms are two, the same one from two streams is one. */
class Remembered {
	readonly #shown = new Map<string, number>();
	#came = new Map<string, number>();

	constructor(shown: readonly LogEntry[]) {
		for (const entry of shown) this.#add(JSON.stringify(entry));
	}

	/** A stream begins that may tell again what came before. */
	again(): void {
		this.#came = new Map();
	}

	isKnown(entry: LogEntry): boolean {
		const text = JSON.stringify(entry);
		const came = (this.#came.get(text) ?? 0) + 1;
		keep(this.#came, text, came);
		if (came <= (this.#shown.get(text) ?? 0)) return true;
		this.#add(text);
		return false;
	}

	#add(text: string): void {
		keep(this.#shown, text, (this.#shown.get(text) ?? 0) + 1);
	}
}

/** The oldest goes first: a map keeps the order of insertion. */
function keep(counts: Map<string, number>, text: string, count: number): void {
	counts.set(text, count);
	if (counts.size > MOST_REMEMBERED) counts.delete(counts.keys().next().value as string);
}
