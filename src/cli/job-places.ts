/** Tables of places upstream and of what is spent there, behind that of the queues. */
import { inert } from '../core/inert.ts';
import { type Fields, listOr, textOr } from './answer-form.ts';
import { formatCount, formatLatency } from './quantity.ts';
import { type Cell, type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const LANE_COLUMNS: readonly Column[] = [
	{ title: 'PLACE', least: 8 },
	{ title: 'QUEUE', least: 8 },
	{ title: 'SLOTS', align: 'right' },
	{ title: 'WAIT', align: 'right', drop: 2 },
	{ title: 'TIME', align: 'right', drop: 1 },
	{ title: 'DONE', align: 'right' },
	{ title: 'CREDIT LEFT', align: 'right' },
];

/** `said`: what the other end tells, which may be another version. */
export function laneLines(said: unknown, terminal: Terminal): string[] {
	const rows = listOf(said).map((one): Cell[] => {
		const credit = fields(one['credit']);
		const [left, slots] = [numberOf(credit['left']), numberOf(one['slots'])];
		return [
			{ text: inert(textOr(one['lane'])) },
			{ text: inert(textOr(one['queue'])) },
			{ text: `${numberOf(one['running']) ?? 0}/${slots === null || slots === 0 ? '∞' : slots}${endingText(one)}` },
			{ text: meanOf(one['waitedS'], one['started']) },
			{ text: meanOf(one['ranS'], one['done']) },
			{ text: `${numberOf(one['done']) ?? 0}` },
			{
				text: left !== null ? sumText(left) : credit['unread'] === true ? 'unread' : '',
				...(credit['low'] === true || credit['unread'] === true ? { colour: 'yellow' } : {}),
			},
		];
	});
	return rows.length === 0 ? [] : ['', ...table(LANE_COLUMNS, rows, terminal)];
}

/** Jobs that have ended here, and that the place is told to end. */
function endingText(lane: Fields): string {
	const ending = numberOf(lane['ending']) ?? 0;
	return ending === 0 ? '' : ` (${ending} ending)`;
}

const SPEND_COLUMNS: readonly Column[] = [
	{ title: 'TENANT', least: 8 },
	{ title: 'SERVICE', least: 8 },
	{ title: 'NAME', least: 8, drop: 1 },
	{ title: 'SPENT', align: 'right' },
	{ title: 'LIMIT', align: 'right' },
	{ title: 'REFUSED', align: 'right' },
];

/** Who has spent most comes first; all together are last. */
export function spendLines(said: unknown, terminal: Terminal): string[] {
	const used = (one: Fields): number => (one['tenant'] === '*' ? -1 : (numberOf(one['used']) ?? 0));
	const rows = listOf(said)
		.toSorted((a, b) => used(b) - used(a))
		.map((one): Cell[] => {
			const [spent, limit] = [numberOf(one['used']), numberOf(one['limit'])];
			return [
				{ text: inert(textOr(one['tenant'])) },
				{ text: inert(textOr(one['service'])) },
				{ text: inert(textOr(one['name'])) },
				{ text: spent === null ? '' : sumText(spent) },
				{ text: limit === null ? '' : sumText(limit) },
				{ text: `${numberOf(one['refused']) ?? 0}` },
			];
		});
	return rows.length === 0 ? [] : ['', ...table(SPEND_COLUMNS, rows, terminal)];
}

const fields = (value: unknown): Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown): Fields[] => listOr(value).map(fields);
const numberOf = (value: unknown): number | null =>
	typeof value === 'number' && Number.isFinite(value) ? value : null;
/** Two digits behind the point, as money has; of a whole number none. What is very much is rounded. */
function sumText(sum: number): string {
	if (Math.abs(sum) >= 1e5) return formatCount(sum);
	return Number.isInteger(sum) ? String(sum) : sum.toFixed(2);
}

function meanOf(sum: unknown, count: unknown): string {
	const [seconds, of] = [numberOf(sum), numberOf(count)];
	if (seconds === null || of === null || of <= 0) return '';
	return formatLatency((seconds / of) * 1000);
}
