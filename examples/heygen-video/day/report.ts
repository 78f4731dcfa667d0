/** What happened on a day: by the simulator's ledger, and by what Ballast counted. */
import { TENANT_NAMES } from './arrivals.ts';
import type { Calls, Ledger, LedgerJob } from './ledger.ts';

/** One video that a client asked for. */
export interface Posted {
	tenant: string;
	/** The job. */
	id: string;
	/** By the simulator's clock, ms. */
	atMs: number;
	state: string;
}

export interface Day {
	posted: readonly Posted[];
	/** Posts that were answered otherwise than by 202, by status. */
	refused: Readonly<Record<string, number>>;
	/** Second posts with a key that was known, and how many of them got the same job. */
	repeats: { posted: number; same: number };
	ledger: Ledger;
	calls: Calls;
	/** `ballast_…` → its sum over all labels; `ballast_… failed`: over those of this state. */
	figures: ReadonlyMap<string, number>;
}

export interface Report {
	lines: string[];
	/** What must not have happened; empty: all is well. */
	faults: string[];
}

interface Made extends Posted {
	job: LedgerJob;
}

export function reportOf(day: Day): Report {
	const byJob = new Map(day.ledger.jobs.map((job) => [job.callbackId, job]));
	const made = day.posted.flatMap((posted): Made[] => {
		const job = byJob.get(posted.id);
		return job === undefined ? [] : [{ ...posted, job }];
	});
	const rows = TENANT_NAMES.map((tenant) => rowOf(tenant, day, made));
	const lines = [...aligned([TITLES, ...rows, rowOf('all', day, made)]), '', ...told(day, made)];
	return { lines, faults: faultsOf(day) };
}

const TITLES = ['TENANT', 'VIDEOS', 'DONE', 'FAILED', 'WAIT p50', 'p95', 'longest', 'RENDER p50', 'COST'];

function rowOf(tenant: string, { posted }: Day, all: readonly Made[]): string[] {
	const ofTenant = (one: Posted): boolean => tenant === 'all' || one.tenant === tenant;
	const own = posted.filter(ofTenant);
	const made = all.filter(ofTenant);
	const waits = made.map(({ atMs, job }) => Math.max(0, Date.parse(job.startAt) - atMs));
	const renders = made.map(({ job }) => Date.parse(job.endAt) - Date.parse(job.startAt));
	const count = (state: string): string => String(own.filter((one) => one.state === state).length);
	const cost = made.reduce((sum, { job }) => sum + job.cost, 0);
	return [
		tenant,
		String(own.length),
		count('succeeded'),
		count('failed'),
		...[0.5, 0.95, 1].map((share) => minutes(at(waits, share))),
		minutes(at(renders, 0.5)),
		`$${cost.toFixed(2)}`,
	];
}

function told({ ledger, calls, figures, refused, repeats, posted }: Day, made: readonly Made[]): string[] {
	const creates = calls['POST /v3/videos'] ?? {};
	const asked = sum(calls['GET /v3/videos/statuses'] ?? {});
	const naive = made.reduce((total, { job }) => total + naivePolls(Date.parse(job.endAt) - Date.parse(job.startAt)), 0);
	const others = ledger.jobs.filter(({ origin }) => origin === 'other').length;
	const figure = (name: string): number => figures.get(name) ?? 0;
	const refusals = Object.entries(refused).map(([status, count]) => `${count} × ${status}`);
	return [
		`posts         ${posted.length} accepted with 202, ${refusals.join(', ') || 'none refused'}; ${repeats.posted} sent twice, ${repeats.same} got the same job`,
		`created twice ${createdTwice(ledger)}`,
		...ledger.accounts.map(
			({ name, mostAtATime, maxJobs }) =>
				`at a time     ${mostAtATime} of ${maxJobs} in ${name}, others' jobs included`,
		),
		`HeyGen said   ${Object.entries(creates)
			.map(([status, count]) => `${count} × ${status}`)
			.join(', ')} to creations; ${others} jobs of other users in the account`,
		`asked         ${asked} times for states; one poller for each video would have ${Math.round(naive)} times`,
		`Ballast       ${figure('ballast_jobs_added_total')} jobs added, ${figure('ballast_job_attempts_total')} attempts, ${figure('ballast_jobs_ended_total')} ended, ${figure('ballast_jobs_ended_total failed')} dead letters`,
	];
}

function faultsOf({ ledger, posted, repeats }: Day): string[] {
	const faults: string[] = [];
	const twice = createdTwice(ledger);
	if (twice > 0) faults.push(`${twice} videos were created twice`);
	for (const { name, mostAtATime, maxJobs } of ledger.accounts)
		if (mostAtATime > maxJobs) faults.push(`${mostAtATime} jobs at a time in ${name}, which may have ${maxJobs}`);
	const other = posted.filter(({ state }) => state !== 'succeeded' && state !== 'failed');
	for (const { id, state } of other.slice(0, 5)) faults.push(`job ${id} is ${state}`);
	if (repeats.same < repeats.posted) faults.push(`${repeats.posted - repeats.same} repeated posts made another job`);
	const known = new Set(posted.map(({ id }) => id));
	const strange = ledger.jobs.filter(({ origin, callbackId }) => origin !== 'other' && !known.has(callbackId ?? ''));
	if (strange.length > 0) faults.push(`${strange.length} videos nobody asked for`);
	return faults;
}

function createdTwice({ jobs, repeated }: Ledger): number {
	const ids = jobs.flatMap(({ callbackId }) => callbackId ?? []);
	return Math.max(repeated.idempotencyKeys.length, ids.length - new Set(ids).size);
}

/** Every 10 s for 2 minutes, every 30 s until 5, every 60 s from then on. */
function naivePolls(ms: number): number {
	const s = ms / 1000;
	return Math.min(s, 120) / 10 + Math.max(0, Math.min(s, 300) - 120) / 30 + Math.max(0, s - 300) / 60;
}

function at(values: readonly number[], share: number): number {
	const sorted = values.toSorted((one, other) => one - other);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const minutes = (ms: number): string => `${(ms / 60_000).toFixed(1)} min`;
const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, count) => all + count, 0);

function aligned(rows: readonly string[][]): string[] {
	const widths = TITLES.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
	return rows.map((row) =>
		row
			.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
			.join('  '),
	);
}
