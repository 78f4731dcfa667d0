/** The run as lines for a terminal and as a table for a page. */
import type { Reaction } from './forecasts.ts';
import { neededOf, type StepPlan } from './plan.ts';
import type { StepRun, StepSecond } from './step-run.ts';

const BEGIN = '<!-- scaling:begin (written by `npm run bench:scaling -- --write`) -->';
const END = '<!-- scaling:end -->';
const DECIDED_MS = 3000;

export interface Criterion {
	what: string;
	asked: string;
	measured: string;
	met: boolean;
}

export function criteriaOf(run: StepRun, plan: StepPlan): Criterion[] {
	const most = neededOf(plan) + 1;
	const why = Object.entries(run.failures).map(([kind, count]) => `, ${count} × ${kind}`);
	return [
		{
			what: `load × ${plan.rush / plan.calm}: more instances are decided`,
			asked: `≤ ${seconds(DECIDED_MS)}`,
			measured: seconds(run.decidedMs),
			met: run.decidedMs <= DECIDED_MS,
		},
		{
			what: 'failed requests',
			asked: '0',
			measured: `${run.failed} of ${run.requests}${why.join('')}`,
			met: run.failed === 0 && run.requests > 0,
		},
		{ what: 'most instances', asked: `≤ ${most}`, measured: String(run.most), met: run.most <= most },
		{
			what: `back at ${plan.min} after the rush`,
			asked: `≤ ${plan.backSeconds} s`,
			measured: seconds(run.backMs),
			met: run.backMs <= plan.backSeconds * 1000,
		},
		{ what: 'flaps', asked: '0', measured: String(run.flaps), met: run.flaps === 0 },
	];
}

export const TIMELINE_HEAD = '   SECOND  LOAD/S  SIZE  READY      P95  FAILED';

export function timelineLine({ second, rate, desired, ready, p95Ms, failed }: StepSecond, target: number): string {
	const cells = [`${second}`.padStart(9), `${rate}`.padStart(8), `${desired}`.padStart(6), `${ready}`.padStart(7)];
	const bar = '█'.repeat(ready) + '░'.repeat(Math.max(0, desired - ready));
	const need = Math.ceil(rate / target);
	const missing = '·'.repeat(Math.max(0, need - Math.max(desired, ready)));
	return `${cells.join('')}${`${p95Ms.toFixed(1)} ms`.padStart(9)}${`${failed}`.padStart(8)}  ${bar}${missing}`;
}

/** Beside each other: what ran, what the simulator says of it, and of an HPA. */
export function reactionRows(
	run: StepRun,
	plan: StepPlan,
	{ hpa, ballast }: { hpa: Reaction; ballast: Reaction },
): string[][] {
	const needed = run.decisions.find(({ atMs, decision }) => atMs > run.stepMs && decision.desired >= neededOf(plan));
	const row = (name: string, one: Reaction): string[] => [
		name,
		seconds(one.decidedMs),
		seconds(one.orderedMs),
		String(one.most),
		seconds(one.backMs),
	];
	return [
		['', 'first decision', `all ${neededOf(plan)} ordered`, 'most', `back at ${plan.min}`],
		row('Ballast, run', {
			...{ decidedMs: run.decidedMs, most: run.most, backMs: run.backMs },
			orderedMs: needed === undefined ? null : needed.atMs - run.stepMs,
		}),
		row('Ballast, simulated', ballast),
		row('HPA at its defaults, simulated', hpa),
	];
}

export function tableOf(rows: readonly (readonly string[])[]): string {
	const [head = [], ...body] = rows;
	const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

/** Aligned for a terminal. */
export function columns(rows: readonly (readonly string[])[]): string {
	const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
	return rows
		.map((row) =>
			row
				.map((cell, at) => cell.padEnd(widths[at] ?? 0))
				.join('  ')
				.trimEnd(),
		)
		.join('\n');
}

/** The page with this between its markers. @throws when it has none */
export function replaceBetween(page: string, text: string): string {
	const begin = page.indexOf(BEGIN);
	const end = page.indexOf(END);
	if (begin < 0 || end < begin) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`);
	return `${page.slice(0, begin + BEGIN.length)}\n${text}\n${page.slice(end)}`;
}

export function seconds(ms: number | null): string {
	return ms === null || !Number.isFinite(ms) ? 'never' : `${(ms / 1000).toFixed(1)} s`;
}
