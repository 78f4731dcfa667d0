/** Sizes and decisions as lines for a terminal. */
import { inert } from '../core/inert.ts';
import { formatTime } from './clock-text.ts';
import { formatAge } from './quantity.ts';
import type { DecisionAnswer, PoolAnswer } from './scaling-answer.ts';
import { type Cell, type Column, table } from './table.ts';
import { paint, type Terminal } from './terminal.ts';
import { clip } from './text-width.ts';

const POOLS: Column[] = [
	{ title: 'POOL', least: 8 },
	{ title: 'SIZE', align: 'right' },
	{ title: 'READY', align: 'right' },
	{ title: 'BOUNDS', align: 'right', drop: 1 },
	{ title: 'MODE', drop: 2 },
	{ title: 'NOW', least: 20 },
];

export function poolLines(pools: readonly PoolAnswer[], terminal: Terminal): string[] {
	if (pools.length === 0) return ['nothing scales itself: no `scale` says by what'];
	const rows = pools.map(({ pool, last, min, max, mode }): Cell[] => [
		{ text: inert(pool), colour: 'bold' },
		{ text: last === null ? '-' : amount(last.desired) },
		{ text: last === null ? '-' : amount(last.samples.ready) },
		{ text: `${amount(min)}…${amount(max)}` },
		{ text: inert(mode) },
		{ text: last === null ? 'not decided yet' : inert(behindColon(last.sentence)) },
	]);
	const width = terminal.size()?.columns ?? Number.POSITIVE_INFINITY;
	const advice = pools
		.filter((pool) => pool.advice !== '')
		.map((pool) => clip(inert(`${pool.pool}: ${pool.advice}`), width));
	const held = pools.flatMap(({ pool, last }) =>
		last === null ? [] : heldLines(last.held).map((line) => clip(inert(`${pool}: ${line}`), width)),
	);
	const more = [...held, ...advice];
	return [...table(POOLS, rows, terminal), ...(more.length > 0 ? ['', ...more] : [])];
}

/** What the provider holds, whatever is decided. */
function heldLines(held: DecisionAnswer['held']): string[] {
	if (held.out === held.in) return held.out === '' ? [] : [`the size stays as it is: ${held.out}`];
	return (['out', 'in'] as const).flatMap((way) => (held[way] === '' ? [] : [`nothing goes ${way}: ${held[way]}`]));
}

/** The pool has a column of its own. */
const behindColon = (sentence: string): string => sentence.slice(sentence.indexOf(': ') + 2);

const HISTORY: Column[] = [
	{ title: 'TIME' },
	{ title: 'DECISION', least: 30 },
	{ title: 'OUTCOME', drop: 1, least: 10 },
	{ title: 'ID', drop: 2 },
];

/** Newest last, as a log. */
export function historyLines(decisions: readonly DecisionAnswer[], terminal: Terminal, nowMs: number): string[] {
	if (decisions.length === 0) return ['no size was changed in this time'];
	const rows = decisions
		.toReversed()
		.map((one): Cell[] => [
			{ text: formatTime(one.atMs, nowMs) },
			{ text: inert(one.sentence) },
			{ text: inert(one.outcome), colour: 'dim' },
			{ text: inert(one.id), colour: 'dim' },
		]);
	return table(HISTORY, rows, terminal);
}

/** Everything that a decision was made from, in the order in which it was made. */
export function decisionLines(one: DecisionAnswer, terminal: Terminal, nowMs: number): string[] {
	const { samples } = one;
	const title = (text: string) => paint(terminal, 'dim', text);
	const state = [
		`${amount(samples.ready)} ready`,
		...(samples.warming > 0 ? [`${samples.warming} of them warming up`] : []),
		...(samples.starting > 0 ? [`${samples.starting} starting`] : []),
		...(samples.held > 0 ? [`${samples.held} requests waiting`] : []),
		...(samples.errorRate > 0 ? [`${(samples.errorRate * 100).toFixed(1)} % of requests failed`] : []),
		...(samples.idleForMs >= 5000 ? [`no request for ${formatAge(samples.idleForMs)}`] : []),
		...(one.panic ? ['panic'] : []),
		...heldLines(one.held),
	];
	const said = one.recommendations.map(({ by, size, value, target, note }): Cell[] => [
		{ text: `  ${inert(by)}` },
		{ text: Number.isNaN(value) ? '-' : short(value) },
		{ text: Number.isNaN(target) ? '-' : short(target) },
		{ text: Number.isNaN(size) ? '-' : String(size), colour: 'bold' },
		{ text: inert(note) },
	]);
	const clamps = one.clamps.map(({ by, from, to, why }) => `  ${from} → ${to}  ${inert(by)}: ${inert(why)}`);
	return [
		`${formatTime(one.atMs, nowMs)}  ${paint(terminal, 'bold', inert(one.sentence))}`,
		...(one.outcome === '' ? [] : [`then: ${inert(one.outcome)}`]),
		'',
		title(`size ${amount(one.before)}, mode ${inert(one.mode)}: ${state.map(inert).join(', ')}`),
		...(said.length === 0
			? []
			: table(
					[
						{ title: '  SIGNAL', least: 10 },
						{ title: 'VALUE', align: 'right' },
						{ title: 'TARGET', align: 'right' },
						{ title: 'SIZE', align: 'right' },
						{ title: 'NOTE', drop: 1 },
					],
					said,
					terminal,
				)),
		title(`recommended: ${amount(one.raw)}`),
		...clamps,
		title(
			`decided: ${amount(one.desired)}${one.wanted === one.desired ? '' : `, held back from ${amount(one.wanted)}`}`,
		),
	];
}

const amount = (value: number): string => (Number.isNaN(value) ? '-' : String(value));
const short = (value: number): string => (value >= 1000 ? String(Math.round(value)) : String(+value.toPrecision(4)));
