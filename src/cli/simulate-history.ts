/** What a running Ballast remembers of a service: its load, and how long its requests took. */
import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import type { FigureSeries } from '../core/metric.ts';
import { formatDuration, parseDuration } from '../core/units.ts';
import type { Distribution } from '../scaling/simulator/distribution.ts';
import { type Load, LoadBuilder } from '../scaling/simulator/load.ts';
import { quantiles } from '../scaling/simulator/parse-distribution.ts';
import { control } from './control-client.ts';
import { controlSocket } from './control-socket.ts';
import { readSeries } from './figure-answer.ts';
import type { Terminal } from './terminal.ts';

const HOUR_MS = 3_600_000;
const MOST_MS = 90 * 24 * HOUR_MS;
const QUIET_MS = 30_000;
const POINTS = 2000;

export interface History {
	parsed: ParsedArguments;
	terminal: Pick<Terminal, 'env'>;
	service: string;
}

/** The time of `metrics:24h`, ms; `metrics` alone: an hour. undefined: it is something else. */
export function historySpan(text: string | undefined): number | undefined {
	const found = /^metrics(?::(.*))?$/.exec(text ?? '');
	if (found === null) return undefined;
	const ms = found[1] === undefined ? HOUR_MS : parseDuration(found[1]);
	if (ms !== undefined && ms >= 60_000 && ms <= MOST_MS) return ms;
	throw new BallastError('bad_command', `${text}: expected a time from 1m to 90d, such as metrics:24h`);
}

/** Requests as they came in this time until now. Throws `not_running`, `bad_command`. */
export async function historyLoad(history: History, spanMs: number): Promise<Load> {
	const points = Math.min(POINTS, Math.max(60, Math.floor(spanMs / 5000)));
	const series = await ask(history, 'requests', { spanMs, points });
	const builder = new LoadBuilder();
	let bad = 0;
	for (const [at, perSecond] of (series?.values ?? []).entries()) {
		const { fromMs, stepMs } = series as FigureSeries;
		if (perSecond === null) bad++;
		else builder.add(fromMs + at * stepMs, (perSecond * stepMs) / 1000, Math.max(1000, stepMs));
	}
	if (builder.total === 0)
		throw new BallastError(
			'bad_command',
			`simulate: no requests of ${history.service} are known of the last ${formatDuration(spanMs)}`,
		);
	const firstBad = bad === 0 ? null : { line: 1, why: 'nothing is known of that time' };
	return builder.build('metrics of the running Ballast', {
		read: series?.values.length ?? 0,
		bad,
		skipped: 0,
		firstBad,
	});
}

/** From the percentiles of this time until now. Throws `not_running`, `bad_command`. */
export async function historyServiceTime(history: History, spanMs: number): Promise<Distribution> {
	const asked = ['p50', 'p95', 'p99'].map((name) => ask(history, `${name}`, { spanMs, points: 1 }));
	const [p50, p95, p99] = (await Promise.all(asked)).map((series) =>
		series?.values.findLast((value) => value !== null),
	);
	if (p50 == null || p95 == null || p99 == null)
		throw new BallastError(
			'bad_command',
			`simulate: no latencies of ${history.service} are known of the last ${formatDuration(spanMs)}`,
		);
	return quantiles({ p50: p50 * 1000, p95: p95 * 1000, p99: p99 * 1000 });
}

async function ask(
	{ parsed, terminal, service }: History,
	figure: string,
	{ spanMs, points }: { spanMs: number; points: number },
): Promise<FigureSeries | undefined> {
	const now = Date.now();
	const over = formatDuration(Math.max(1000, Math.round(spanMs / points / 1000) * 1000));
	const query = `${figure} service:"${service}" over ${over}`;
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const answer = await control(where, 'figures', { query, from: now - spanMs, to: now, points }, { quietMs: QUIET_MS });
	return readSeries(answer)[0];
}
