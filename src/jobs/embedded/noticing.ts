import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Notice, NoticeClaim, NoticeSettled } from '../notice-store.ts';
import { corruption } from './job-file.ts';
import { type Row, readJob, SELECT_JOB } from './job-row.ts';

const COUNTED_MOST = 100_000;
/** Due ones that are looked at in the order of their times; beyond them lane by lane. */
const LOOK = 256;
/** Lanes that one claim looks at; the next one goes on behind them. */
const LANES_LOOK = 2000;

/** Notices of ends: who has one in hand, and when the others are due. Within a transaction. */
export class Noticing {
	readonly #sql: ReturnType<typeof statements>;
	/** Where the next look lane by lane begins, behind this one; null: with the first. */
	#lane: string | null = null;

	constructor(database: DatabaseSync) {
		this.#sql = statements(database);
	}

	/** A look without a write, for who asks often. */
	isDue(nowMs: number): boolean {
		return this.#sql.any.get(nowMs) !== undefined;
	}

	due(claim: NoticeClaim): Notice[] {
		const { most, nowMs, gone } = claim;
		for (const one of gone) this.#sql.gone.run(nowMs, one);
		const taking = new Taking(claim);
		const oldest = this.#sql.due.all(nowMs, LOOK);
		for (const row of oldest) this.#take(row, taking);
		if (oldest.length === LOOK && taking.notices.length < most) this.#byLane(taking);
		return taking.notices;
	}

	#take(row: Row, { claim, notices, held }: Taking): void {
		const [seq, lane] = [row['seq'] as number, row['lane'] as string];
		const inHand = held.get(lane) ?? 0;
		if (notices.length >= claim.most || inHand >= claim.laneMost) return;
		held.set(lane, inHand + 1);
		const whole = this.#sql.job.get(seq);
		if (whole === undefined) throw corruption(`job ${seq} is not whole`);
		this.#sql.take.run(claim.nowMs + claim.leaseMs, claim.holder, seq);
		notices.push({ job: readJob(whole), version: row['version'] as number, attempts: row['attempts'] as number });
	}

	/** The oldest are of lanes that have all that they may: others have their turn. */
	#byLane(taking: Taking): void {
		const { most, laneMost, nowMs } = taking.claim;
		const first = this.#lane;
		let wrapped = first === null;
		for (let looked = 0; looked < LANES_LOOK && taking.notices.length < most; looked++) {
			const found = this.#lane === null ? this.#sql.firstLane.get() : this.#sql.nextLane.get(this.#lane);
			this.#lane = (found?.['lane'] as string | undefined) ?? null;
			if (this.#lane === null) {
				if (wrapped) return;
				wrapped = true;
				continue;
			}
			const room = laneMost - (taking.held.get(this.#lane) ?? 0);
			if (room > 0) for (const row of this.#sql.ofLane.all(this.#lane, nowMs, room)) this.#take(row, taking);
			if (wrapped && first !== null && this.#lane >= first) return;
		}
	}

	settle({ id, version, holder, next }: NoticeSettled): void {
		if (next !== null) this.#sql.later.run(next.atMs, next.attempts, id, version, holder);
		else if (this.#sql.over.run(id, version, holder).changes === 1) this.#sql.keep.run(id);
	}

	waiting(): number {
		return this.#sql.count.get()?.['count'] as number;
	}
}

/** What one claim is given. */
class Taking {
	readonly claim: NoticeClaim;
	readonly notices: Notice[] = [];
	/** In hand, by lane, with what was handed out before. */
	readonly held: Map<string, number>;

	constructor(claim: NoticeClaim) {
		this.claim = claim;
		this.held = new Map(claim.busy);
	}
}

function statements(
	database: DatabaseSync,
): Record<
	'gone' | 'any' | 'due' | 'firstLane' | 'nextLane' | 'ofLane' | 'job' | 'take' | 'later' | 'over' | 'keep' | 'count',
	StatementSync
> {
	const of = (sql: string): StatementSync => database.prepare(sql);
	const mine = 'seq = (SELECT seq FROM jobs WHERE id = ?) AND version = ? AND holder = ? AND at IS NOT NULL';
	const lanes = 'SELECT lane FROM notices INDEXED BY notices_by_lane WHERE at IS NOT NULL';
	const row = 'SELECT seq, version, attempts, lane FROM notices';
	// A bare `LIMIT ?` is planned for its value: SQLite would prepare the statement anew each time.
	return {
		gone: of('UPDATE notices SET at = ?, holder = NULL WHERE holder = ? AND at IS NOT NULL'),
		any: of('SELECT 1 FROM notices WHERE at IS NOT NULL AND at <= ? LIMIT 1'),
		due: of(`${row} WHERE at IS NOT NULL AND at <= ? ORDER BY at LIMIT +?`),
		firstLane: of(`${lanes} ORDER BY lane LIMIT 1`),
		nextLane: of(`${lanes} AND lane > ? ORDER BY lane LIMIT 1`),
		ofLane: of(`${row} INDEXED BY notices_by_lane WHERE lane = ? AND at IS NOT NULL AND at <= ? ORDER BY at LIMIT +?`),
		job: of(`${SELECT_JOB} WHERE j.seq = ?`),
		take: of('UPDATE notices SET at = ?, holder = ? WHERE seq = ?'),
		later: of(`UPDATE notices SET at = ?, attempts = ?, holder = NULL WHERE ${mine}`),
		over: of(`UPDATE notices SET at = NULL, holder = NULL WHERE ${mine}`),
		keep: of('UPDATE jobs SET dropAt = ended + keep WHERE id = ? AND dropAt IS NOT NULL'),
		count: of(`SELECT count(*) AS count FROM (SELECT 1 FROM notices WHERE at IS NOT NULL LIMIT ${COUNTED_MOST})`),
	};
}
