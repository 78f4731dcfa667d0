/** All entries of a span of time, oldest first, in portions that either side can hold. */
import type { LogEntry } from '../core/log-entry.ts';
import type { LogAnswer } from './log-answer.ts';
import type { TimeRange } from './time-options.ts';

export interface LogExport extends TimeRange {
	/** The newest `limit` entries of a part of the time. */
	ask(range: TimeRange, limit: number): Promise<LogAnswer>;
	emit(entry: LogEntry): void;
	signal: AbortSignal;
}

const PORTION = 2000;
/** As many as can be asked for: more in a single ms cannot be told apart. */
const MOST = 5000;

/** A part with too many is halved until it fits. `left`: some could not be had, being more than 5,000 in one ms. */
export async function exportLogs({ fromMs, toMs, ask, emit, signal }: LogExport): Promise<{ left: boolean }> {
	let left = false;
	let step = toMs - fromMs;
	for (let at = fromMs; at < toMs && !signal.aborted; ) {
		const end = Math.min(toMs, at + step);
		const smallest = end - at <= 1;
		const { entries, more } = await ask({ fromMs: at, toMs: end }, smallest ? MOST : PORTION);
		if (more && !smallest) {
			step = Math.max(1, (end - at) / 2);
			continue;
		}
		left ||= more;
		// Whether the end belongs to a part or not, each entry comes once.
		const isLast = end === toMs;
		for (const entry of entries) if (entry.timeMs >= at && (entry.timeMs < end || isLast)) emit(entry);
		at = end;
		step *= 2;
	}
	return { left };
}
