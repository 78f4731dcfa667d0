import { setTimeout as pause } from 'node:timers/promises';
import { BallastError } from '../core/errors.ts';
import type { FigureSource } from '../core/metric.ts';
import type { PatternQuestion } from '../logs/log-patterns.ts';
import { parseFigureQuery } from '../metrics/query-text.ts';
import { optionalText } from './command-text.ts';
import type { Monitoring } from './monitoring.ts';

type Args = Readonly<Record<string, unknown>>;

/** Most time that one stream of entries lasts, ms: who wants more asks anew, since nobody says when they are gone. */
const FOLLOW_MOST_MS = 60_000;
const HOUR_MS = 3_600_000;
const POINTS = 60;
/** What `percentiles` tells. */
const SHARES = [0.5, 0.9, 0.95, 0.99, 0.999];

const numberOf = (args: Args, name: string, otherwise: number): number => {
	const value = args[name];
	return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
};
const rangeOf = (args: Args): { query: string; fromMs: number; toMs: number } => {
	const toMs = numberOf(args, 'toMs', Date.now());
	return { query: optionalText(args, 'query'), toMs, fromMs: numberOf(args, 'fromMs', toMs - HOUR_MS) };
};

/** What the control socket is asked of logs, figures and traces; null: it is another command. */
export function seeingCommand(
	name: string,
	args: Args,
	{ monitoring, line }: { monitoring: Monitoring; line: (text: string) => void },
): Promise<unknown> | null {
	const { store, figures } = monitoring;
	const range = rangeOf(args);
	const limit = Math.floor(numberOf(args, 'limit', 100));
	const field = optionalText(args, 'field');
	switch (name) {
		case 'figures':
			return figureCommand(figures, args);
		case 'figure-list':
			return Promise.resolve(figures.list());
		case 'logs':
			return args['follow'] === true ? follow(monitoring, args, line) : store.ask('search', { ...range, limit });
		case 'log-histogram':
			return store.ask('histogram', { ...range, buckets: Math.floor(numberOf(args, 'buckets', POINTS)) });
		case 'log-top':
			return store.ask('top', { ...range, field, limit });
		case 'log-percentiles':
			return store.ask('percentiles', { ...range, field, shares: SHARES });
		case 'log-patterns':
			return store.ask('patterns', patternQuestion(args, limit));
		case 'analytics':
			return store.ask('analytics', range);
		case 'trace':
			return trace(monitoring, optionalText(args, 'id'));
		default:
			return null;
	}
}

function patternQuestion(args: Args, limit: number): PatternQuestion {
	const sinceMs = args['sinceMs'];
	return { limit, minutes: 60, sinceMs: typeof sinceMs === 'number' ? sinceMs : null };
}

/** @throws BallastError `bad_query` */
async function figureCommand(figures: Monitoring['figures'], args: Args): ReturnType<FigureSource['range']> {
	const query = parseFigureQuery(optionalText(args, 'query'), figures);
	const toMs = numberOf(args, 'to', Date.now());
	const fromMs = numberOf(args, 'from', toMs - HOUR_MS);
	if (!(fromMs < toMs)) throw new BallastError('bad_query', 'the range ends before it begins');
	return figures.range({ ...query, fromMs, toMs, points: Math.floor(numberOf(args, 'points', POINTS)) });
}

/** What there is since then, and what comes, an entry a line; for a while. */
async function follow(monitoring: Monitoring, args: Args, line: (text: string) => void): Promise<unknown> {
	const query = optionalText(args, 'query');
	const forMs = Math.min(FOLLOW_MOST_MS, numberOf(args, 'forMs', FOLLOW_MOST_MS));
	const stop = await monitoring.follow(query, ({ entries, skipped }) => {
		for (const entry of entries) line(JSON.stringify(entry));
		if (skipped > 0) line(JSON.stringify(skippedEntry(skipped)));
	});
	try {
		const fromMs = numberOf(args, 'fromMs', Date.now());
		// What came between the last answer and now. Without a store there is none, and that is no reason to end.
		const missed = await monitoring.store
			.ask('search', { query, fromMs, toMs: Date.now() + 1000, limit: 1000 })
			.catch(() => ({ entries: [] }));
		for (const entry of missed.entries.toReversed()) line(JSON.stringify(entry));
		await pause(forMs);
	} finally {
		stop();
	}
	return { entries: [] };
}

const skippedEntry = (count: number) => ({
	timeMs: Date.now(),
	severity: 'warn',
	source: 'event',
	message: `${count} more entries fitted than are shown in a second; say more in the query`,
	service: '',
	instance: '',
	traceId: '',
	spanId: '',
	fields: {},
});

/** Spans and log entries of a request, by the id of its trace or of its own span. */
async function trace({ store }: Monitoring, id: string): Promise<unknown> {
	if (!/^[0-9a-f]{16}(?:[0-9a-f]{16})?$/.test(id))
		throw new BallastError('bad_query', 'expected the id of a trace, 32 hexadecimal digits, or of a span, 16');
	const spans = await store.ask('trace', id);
	const traceId = spans[0]?.traceId ?? (id.length === 32 ? id : '');
	if (traceId === '') return { spans, entries: [] };
	const begin = spans[0]?.startMs;
	const toMs = Date.now() + 1000;
	// Without spans it is not known when it was.
	const fromMs = begin === undefined ? toMs - 7 * 24 * HOUR_MS : begin - HOUR_MS;
	const found = await store
		.ask('search', { query: `trace:${traceId}`, fromMs, toMs, limit: 200 })
		.catch((error: unknown) => {
			// Without spans the answer would be that nothing is known.
			if (spans.length === 0 && error instanceof BallastError && error.code === 'store_unusable') throw error;
			return { entries: [] };
		});
	return { spans, entries: found.entries };
}
