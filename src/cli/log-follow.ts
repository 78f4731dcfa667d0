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
	/** Those of `fromMs` that were shown already. */
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
/** Entries of one ms that are remembered, so that none is shown twice. */
const MOST_REMEMBERED = 10_000;

/** Until the signal is aborted; a Ballast that goes away is waited for. Throws what is wrong with the query. */
export async function followLogs({ where, query, fromMs, shown, signal, emit, complain }: Follow): Promise<void> {
	let newestMs = Math.max(fromMs, ...shown.map(({ timeMs }) => timeMs || 0));
	let remembered = new Set(shown.filter(({ timeMs }) => timeMs === newestMs).map((entry) => JSON.stringify(entry)));
	const onLine = (line: string): void => {
		const entry = readEntryLine(line);
		if (entry === undefined) return;
		const { timeMs } = entry;
		const text = JSON.stringify(entry);
		if (remembered.has(text)) return;
		if (timeMs > newestMs) [newestMs, remembered] = [timeMs, new Set()];
		if (timeMs === newestMs && remembered.size < MOST_REMEMBERED) remembered.add(text);
		emit(entry);
	};
	for (let broken = false; !signal.aborted; ) {
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
