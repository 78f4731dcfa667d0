/** What likely caused an alert: what happened just before it. */
import { inert } from '../core/inert.ts';
import type { LogEntry } from '../core/log-entry.ts';
import type { Alert } from './alert.ts';

/** Events that Ballast noted, of any source. */
export interface EventsAround {
	/** Events of a time, at most 200, in any order. `service` '': of all. */
	around(query: {
		fromMs: number;
		toMs: number;
		service: string;
	}): Promise<readonly Pick<LogEntry, 'timeMs' | 'severity' | 'message' | 'service'>[]>;
}

/** How far before the begin and behind the firing is looked, ms. */
const BEFORE_MS = 120_000;
const BEHIND_MS = 5000;
/** A slow store of events must not hold up the news. */
const WAIT_MS = 1000;
const MOST_CAUSES = 3;
/** Of a word of the rule's name that says something in an event. */
const LEAST_WORD = 5;

/** Sentences, the likeliest first; empty where nothing is known, or nobody answers in time. */
export async function causesOf(alert: Alert, events: EventsAround): Promise<string[]> {
	const service = alert.labels['service'] ?? '';
	const query = { fromMs: alert.sinceMs - BEFORE_MS, toMs: alert.firedMs + BEHIND_MS, service };
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<[]>((resolve) => {
		timer = setTimeout(() => resolve([]), WAIT_MS);
	});
	try {
		const found = await Promise.race([events.around(query), late]);
		return choose(found, alert);
	} catch {
		return [];
	} finally {
		clearTimeout(timer);
	}
}

const WEIGHT: Record<string, number> = { fatal: 4, error: 3, warn: 2, info: 1 };
/** Words of events that change something on purpose: most alerts follow one. */
const CHANGE = /deploy|roll|reload|configuration|scale|drain|restart|upgrade|version/i;

type Found = Awaited<ReturnType<EventsAround['around']>>[number];

function choose(found: readonly Found[], alert: Alert): string[] {
	const service = alert.labels['service'] ?? '';
	const score = ({ severity, message, service: own, timeMs }: Found) =>
		(WEIGHT[severity] ?? 0) +
		(CHANGE.test(message) ? 3 : 0) +
		(own === service && service !== '' ? 2 : 0) +
		// `store_failing`, and `logs are not stored: the disk is full`.
		(words.some((word) => message.toLowerCase().includes(word.toLowerCase())) ? 4 : 0) +
		// The nearer to the begin, the likelier.
		Math.max(0, 1 - Math.abs(alert.sinceMs - timeMs) / BEFORE_MS);
	const words = alert.rule.split(/[^a-z]+/i).filter((word) => word.length >= LEAST_WORD);
	const seen = new Set<string>();
	return [...found]
		.filter(({ severity }) => severity !== 'debug' && severity !== 'trace')
		.sort((a, b) => score(b) - score(a))
		.map(({ message, service: own, timeMs }) => {
			const seconds = Math.round((alert.sinceMs - timeMs) / 1000);
			const when = seconds >= 1 ? `${seconds}s before` : seconds <= -1 ? `${-seconds}s later` : 'at that moment';
			const who = own === '' || own === service ? '' : `${own}: `;
			return { text: `${who}${message}`, when };
		})
		.filter(({ text }) => !seen.has(text) && seen.add(text))
		.slice(0, MOST_CAUSES)
		.map(({ text, when }) => inert(`${text.slice(0, 200)} (${when})`));
}
