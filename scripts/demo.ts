/**
 * `npm run demo`: a story of two minutes that needs nobody. Ballast in front of the example API, under
 * load, while things go wrong; in the end a table says what that cost. Exit code 1 when a request failed
 * that must not. `--fast` tells it in half a minute.
 */
import { parseArgs } from 'node:util';
import type { LoadSummary } from '../examples/load/counts.ts';
import { type Load, startLoad } from '../examples/load.ts';
import { type Column, table } from '../src/cli/table.ts';
import { paint, processTerminal } from '../src/cli/terminal.ts';
import { inert } from '../src/core/inert.ts';
import { ACTS, type Act, IN_FLIGHT_MS, inSeconds, type Played } from './demo/acts.ts';
import { DemoBallast, freePort, pause } from './demo/ballast.ts';

interface Row {
	event: string;
	requests: number;
	failed: number;
	healedMs: number | null;
	/** What must not have happened; empty: all is well. */
	fault: string;
}

const terminal = processTerminal();
const { values } = parseArgs({ options: { fast: { type: 'boolean', default: false } } });
const began = Date.now();
const INTERRUPTED = Symbol('interrupted');

function say(text: string): void {
	const seconds = Math.floor((Date.now() - began) / 1000);
	const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
	terminal.out(`${paint(terminal, 'dim', clock.padStart(5))}  ${text}\n`);
}

async function tell(ballast: DemoBallast, setLoad: (load: Load) => void): Promise<Row[]> {
	say(`three instances of the example API (examples/video-api) start; Ballast listens on ${ballast.url}`);
	await ballast.until(
		'three instances are ready',
		({ services }) => services.every(({ ready }) => ready === 3),
		60_000,
	);
	say('all three are ready');
	const rate = values.fast ? 60 : 100;
	const load = startLoad({ url: ballast.url, rate, timeoutMs: 20_000 });
	setLoad(load);
	const rows: Row[] = [];
	for (const act of ACTS) {
		terminal.out(`\n${paint(terminal, 'bold', act.event)}\n`);
		const before = load.summary();
		const start = Date.now();
		const played = await act.play({ ballast, load, rate, say });
		await pause(Math.max(0, start + act.seconds[values.fast ? 1 : 0] * 1000 - Date.now()));
		rows.push(rowOf(act, played, before, load.summary()));
		sayRow(rows.at(-1) as Row, before, load.summary());
	}
	terminal.out('\n');
	const before = load.summary();
	const sum = await load.stop();
	const last = rowOf({ event: 'afterwards' }, { healedMs: null, mayFail: null }, before, sum);
	if (last.failed > 0) {
		rows.push(last);
		sayRow(last, before, sum);
	}
	rows.push(await end(ballast, sum));
	return rows;
}

function rowOf(
	{ event }: Pick<Act, 'event'>,
	{ healedMs, mayFail }: Played,
	before: LoadSummary,
	after: LoadSummary,
): Row {
	const { requests, failed } = counted(before, after);
	const row = { event, requests, failed, healedMs, fault: '' };
	if (failed === 0) return row;
	if (mayFail === null) return { ...row, fault: `${failed} failed where none may` };
	const late = (after.lastFailureAt ?? 0) - mayFail.at;
	if (late > IN_FLIGHT_MS) return { ...row, fault: `a request failed ${inSeconds(late)} after the kill` };
	if (failed > mayFail.requests) return { ...row, fault: `${failed} failed, about ${mayFail.requests} were in flight` };
	const other = kindsOf(before, after).filter(([kind]) => !mayFail.kinds.includes(kind));
	return other.length === 0
		? row
		: { ...row, fault: `${other.map(([kind, count]) => `${count} ${kind}`).join(', ')}: these were not in flight` };
}

/** How the requests between the two failed, and how many of each kind. */
function kindsOf(before: LoadSummary, after: LoadSummary): [string, number][] {
	const since = Object.entries(after.failures).map(([kind, count]): [string, number] => [
		kind,
		count - (before.failures[kind] ?? 0),
	]);
	return since.filter(([, count]) => count > 0);
}

function counted(before: LoadSummary, after: LoadSummary): Pick<Row, 'requests' | 'failed'> {
	return { requests: after.requests - before.requests, failed: after.failed - before.failed };
}

function sayRow({ requests, failed, fault }: Row, before: LoadSummary, after: LoadSummary): void {
	const kinds = kindsOf(before, after).map(([kind, count]) => `${count} ${kind}`);
	const how = failed === 0 ? '' : ` (${kinds.join(', ')})${fault === '' ? ': they were in flight' : ''}`;
	say(`${requests} requests, ${failed} failed${how}`);
	if (fault === '') return;
	say(paint(terminal, 'red', `this must not be: ${fault}`));
	for (const { at, route, failure, detail } of after.examples.slice(before.examples.length)) {
		say(`  ${new Date(at).toISOString().slice(11, 23)} ${route}: ${failure} ${inert(detail.trim().slice(0, 100))}`);
	}
}

async function end(ballast: DemoBallast, sum: LoadSummary): Promise<Row> {
	say('SIGTERM: Ballast drains, ends its instances, then itself');
	const { code, left } = await ballast.stop();
	say(
		code === 0 && left.length === 0
			? 'no process is left'
			: `exit code ${code}, processes left: ${left.join(', ') || 'none'}`,
	);
	const fault = code !== 0 || left.length > 0 ? 'it did not end well' : '';
	return { event: 'all', requests: sum.requests, failed: sum.failed, healedMs: null, fault };
}

const COLUMNS: Column[] = [
	{ title: 'EVENT', least: 12 },
	{ title: 'REQUESTS', align: 'right' },
	{ title: 'FAILED', align: 'right' },
	{ title: 'HEALED IN', align: 'right' },
	{ title: '', least: 10 },
];

function printTable(rows: readonly Row[]): void {
	const cells = rows.map(({ event, requests, failed, healedMs, fault }) => [
		{ text: event },
		{ text: String(requests) },
		{ text: String(failed), ...(failed > 0 ? { colour: 'yellow' as const } : {}) },
		{ text: healedMs === null ? '-' : inSeconds(healedMs) },
		{ text: fault === '' ? 'ok' : fault, colour: fault === '' ? ('green' as const) : ('red' as const) },
	]);
	terminal.out(`\n${table(COLUMNS, cells, terminal).join('\n')}\n`);
}

async function main(): Promise<number> {
	const ballast = new DemoBallast(await freePort());
	let load: Load | undefined;
	const interrupted = Promise.withResolvers<never>();
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.reject(INTERRUPTED));
	process.once('exit', () => ballast.clean());
	try {
		const rows = await Promise.race([tell(ballast, (started) => void (load = started)), interrupted.promise]);
		printTable(rows);
		return rows.every(({ fault }) => fault === '') ? 0 : 1;
	} catch (error) {
		const wasInterrupted = error === INTERRUPTED;
		terminal.err(wasInterrupted ? '\nstopping\n' : `\n${error instanceof Error ? error.message : error}\n`);
		void load?.stop();
		await ballast.stop();
		return wasInterrupted ? 130 : 1;
	}
}

process.exit(await main());
