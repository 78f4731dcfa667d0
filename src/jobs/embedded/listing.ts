import type { DatabaseSync } from 'node:sqlite';
import type { JobState } from '../job.ts';
import type { JobPage, JobQuery } from '../job-store.ts';
import { type Row, readJob, SELECT_JOB } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';

/** Jobs looked at for one page, at most; a page may be short. */
const LOOK = 5000;
const MOST = 1000;
/** What `jobs_few` lists. */
const FEW = 'state IN (4, 6, 7, 8)';
const HELD: ReadonlySet<JobState> = new Set(['running', 'submitted']);
const MANY: ReadonlySet<JobState> = new Set(['scheduled', 'waiting', 'succeeded']);

interface Found {
	seqs: number[];
	/** Nothing is known of what is older; null: there is nothing older. */
	lookedTo: number | null;
}

/** A page of jobs, newest first. */
export function listJobs(database: DatabaseSync, query: JobQuery): JobPage {
	const before = query.after === undefined ? Number.MAX_SAFE_INTEGER : Number(query.after);
	if (!Number.isSafeInteger(before)) return { jobs: [], next: null };
	const limit = Math.min(Math.max(query.limit, 1), MOST);
	const few = query.states?.every((state) => !MANY.has(state)) === true;
	const parts = (few ? (query.states as JobState[]) : [null]).map((state) =>
		find(database, query, { before, limit, state }),
	);
	const floor = Math.max(0, ...parts.map((part) => part.lookedTo ?? 0));
	const known = parts.flatMap((part) => part.seqs).filter((seq) => seq >= floor);
	const seqs = known.toSorted((a, b) => b - a).slice(0, limit);
	const job = database.prepare(`${SELECT_JOB} WHERE j.seq = ?`);
	const last = seqs.length < known.length ? (seqs.at(-1) as number) : floor;
	return { jobs: seqs.map((seq) => readJob(job.get(seq) as Row)), next: last > 0 ? String(last) : null };
}

/** @param of `state`: one of the few, by its index; null: any that the query wants */
function find(
	database: DatabaseSync,
	query: JobQuery,
	of: { before: number; limit: number; state: JobState | null },
): Found {
	const source = `${sourceOf(of.state)} AND seq < ?`;
	const looked = `SELECT seq, qid, gid, state, owner FROM ${source} ORDER BY seq DESC LIMIT ${LOOK}`;
	const [wanted, values] = conditions(query);
	const rows = database
		.prepare(`SELECT seq FROM (${looked}) AS j WHERE ${wanted} ORDER BY seq DESC LIMIT ?`)
		.all(of.before, ...values, of.limit + 1);
	const seqs = rows.map((row) => row['seq'] as number);
	if (seqs.length > of.limit) return { seqs: seqs.slice(0, -1), lookedTo: seqs.at(-2) as number };
	const end = database.prepare(`SELECT min(seq) AS seq, count(*) AS count FROM (${looked})`).get(of.before) as Row;
	return { seqs, lookedTo: (end['count'] as number) < LOOK ? null : (end['seq'] as number) };
}

/** Where jobs of a state are found without looking through those of others. */
function sourceOf(state: JobState | null): string {
	if (state === null) return 'jobs WHERE 1';
	const [index, rows] = HELD.has(state) ? ['jobs_held', 'held = 1'] : ['jobs_few', FEW];
	return `jobs INDEXED BY ${index} WHERE ${rows} AND state = ${STATE_NUMBERS[state]}`;
}

function conditions({ queue, group, owner, states }: JobQuery): [string, string[]] {
	const all = ['1'];
	const values: string[] = [];
	const add = (sql: string, value: string | undefined): void => {
		if (value === undefined) return;
		all.push(sql);
		values.push(value);
	};
	add('qid = (SELECT qid FROM queues WHERE name = ?)', queue);
	add('gid IN (SELECT gid FROM groups WHERE name = ?)', group);
	add('owner = ?', owner);
	if (states !== undefined) all.push(`state IN (${states.map((state) => STATE_NUMBERS[state]).join(', ')})`);
	return [all.join(' AND '), values];
}
