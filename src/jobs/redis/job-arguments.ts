/** Calls as the scripts take them. */
import { errorText } from '../embedded/job-book.ts';
import type { NewJob } from '../job.ts';
import type { Claim, JobChange, JobRate, Report } from '../job-store.ts';
import type { NoticeClaim, NoticeSettled } from '../notice-store.ts';
import { fileOf, packPayload, packResult } from './job-codec.ts';
import type { Argument } from './job-scripts.ts';

/** As `ADDING_SCRIPT` reads them. */
export function addArguments(job: NewJob): Argument[] {
	const { idempotency } = job;
	return [
		job.id,
		job.queue,
		job.group,
		job.owner,
		`${job.priority}`,
		`${job.createdMs}`,
		`${job.runAtMs}`,
		job.deadlineMs === null ? '' : `${job.deadlineMs}`,
		`${job.keepMs}`,
		`${job.attemptsMost}`,
		job.upstreamKey,
		fileOf(job.body),
		packPayload(job),
		idempotency?.key ?? '',
		idempotency?.fingerprint ?? '',
		`${idempotency?.untilMs ?? ''}`,
		job.notify === null ? '' : `=${job.notifyLane ?? ''}`,
		job.lane ?? '',
		spendArgument(job),
	];
}

/** As it is kept, with what its sums may come to. */
function spendArgument({ spend }: NewJob): string {
	if (spend === undefined) return '';
	const { cost, sinceMs, of } = spend;
	return JSON.stringify({
		...{ cost, since: sinceMs, counted: 1 },
		keys: of.map(({ key }) => key),
		most: of.map(({ most }) => most),
	});
}

/** What `CHANGING_SCRIPT` hangs on the kind. */
export function moreOfChange(change: JobChange): string {
	switch (change.kind) {
		case 'cancel':
			return change.unbegun === true ? 'unbegun' : '';
		case 'redrive':
			return change.upstreamKey ?? '';
		case 'settle':
			return change.as;
		case 'fail':
			return errorText(change.error);
	}
}

const rateArguments = (rate: JobRate | null): string[] => [`${rate?.count ?? 0}`, `${rate?.perMs ?? 0}`];

/** As `CLAIMING_SCRIPT` reads them. @param life what its tokens begin with */
export function claimArguments({ holder, leaseMs, most, nowMs, gone = [], queues }: Claim, life: string): Argument[] {
	return [
		holder,
		`${nowMs + leaseMs}`,
		`${most}`,
		`${nowMs}`,
		life,
		`${gone.length}`,
		...gone,
		`${queues.length}`,
		...queues.flatMap(({ name, concurrency, rate, group, lanes }) => [
			name,
			`${concurrency}`,
			...rateArguments(rate),
			`${group.concurrency}`,
			...rateArguments(group.rate),
			`${lanes.length}`,
			...lanes.flatMap((lane) => [lane.name, `${lane.concurrency}`]),
		]),
	];
}

/** As `DUE_SCRIPT` reads them. */
export const dueArguments = ({ holder, leaseMs, most, nowMs, gone, laneMost, busy }: NoticeClaim): Argument[] => [
	holder,
	`${nowMs + leaseMs}`,
	`${most}`,
	`${nowMs}`,
	`${laneMost}`,
	`${gone.length}`,
	...gone,
	...[...busy].flatMap(([lane, count]) => [lane, `${count}`]),
];

/** As `SETTLING_SCRIPT` reads them. */
export const settledArguments = ({ id, version, holder, next }: NoticeSettled): Argument[] => [
	id,
	`${version}`,
	holder,
	next === null ? '' : `${next.atMs}`,
	`${next?.attempts ?? 0}`,
];

/** As `REPORTING_SCRIPT` reads them. */
export function reportArguments(report: Report): Argument[] {
	const more = moreOf(report);
	return [report.id, report.token, `${report.nowMs}`, report.kind, ...more, ...EMPTY.slice(more.length)];
}

const EMPTY = ['', '', '', ''];

function moreOf(report: Report): Argument[] {
	switch (report.kind) {
		case 'beat': {
			const progress = report.progress === undefined ? '' : JSON.stringify(report.progress);
			return [`${report.nowMs + report.leaseMs}`, progress];
		}
		case 'submitted':
			return [`${report.nowMs + report.leaseMs}`, report.externalId];
		case 'succeeded':
			return [packResult(report.result), fileOf(report.result?.body)];
		case 'failed':
			return [
				packResult(report.result),
				fileOf(report.result?.body),
				errorText(report.error),
				report.free === true ? '1' : '0',
			];
		case 'parked':
			return [errorText(report.error)];
		case 'retry': {
			const { atMs, error, counted, keepsLane } = report;
			return [`${atMs}`, errorText(error), counted ? '1' : '0', keepsLane ? '1' : '0'];
		}
		case 'cancelled':
			return [];
	}
}
