import { randomBytes } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { newJob } from '../as-handed-in.ts';
import type { NewJob } from '../job.ts';
import { CLAIM_BYTES, type Claim, type ClaimedJob, heldBytes, type QueueRoom } from '../job-store.ts';
import { hasEnded, type JobBook } from './job-book.ts';
import { type JobRow, type Row, readJob, rowOf } from './job-row.ts';
import { STATE_NUMBERS } from './job-tables.ts';
import { type NextJob, QueueTurn } from './queue-turn.ts';

/** Scheduled jobs that become waiting ones in one claim, at most: the next claim goes on. */
const PROMOTE_MOST = 1000;

/** Hands out jobs, within a transaction. */
export class Claiming {
	readonly #book: JobBook;
	readonly #isAlive: (holder: string) => boolean;
	readonly #due: StatementSync;
	readonly #promote: StatementSync;
	readonly #lost: StatementSync;
	readonly #goneLease: StatementSync;
	readonly #prolong: StatementSync;
	readonly #begin: StatementSync;
	readonly #turns: ConstructorParameters<typeof QueueTurn>[1];
	/** Tokens of another opener, or of a file that was restored, are never alike. */
	readonly #life = randomBytes(9).toString('base64url');
	#claims = 0;
	/** Of what this claim hands out. */
	#bytes = 0;
	#tokens = 0;

	/** @param isAlive of a holder whose lease is over: it is known to be there all the same */
	constructor(database: DatabaseSync, book: JobBook, isAlive: (holder: string) => boolean) {
		this.#book = book;
		this.#isAlive = isAlive;
		const { scheduled, waiting } = STATE_NUMBERS;
		this.#due = database.prepare(
			`SELECT seq, id, gid, version FROM jobs INDEXED BY jobs_in_time
			WHERE qid = ? AND state = ${scheduled} AND state < 2 AND runAt <= ? ORDER BY runAt LIMIT ${PROMOTE_MOST}`,
		);
		this.#promote = database.prepare(`UPDATE jobs SET state = ${waiting}, version = ? WHERE seq = ?`);
		// A bare `LIMIT ?` is planned for its value: SQLite would prepare the statement anew each time.
		this.#lost = database.prepare(
			'SELECT seq, holder FROM jobs INDEXED BY jobs_held WHERE held = 1 AND qid = ? AND lease <= ? ORDER BY lease LIMIT +?',
		);
		this.#goneLease = database.prepare('UPDATE jobs SET lease = ? WHERE held = 1 AND holder = ? AND lease > ?');
		this.#prolong = database.prepare('UPDATE jobs SET lease = ? WHERE held = 1 AND holder = ? AND lease <= ?');
		this.#begin = database.prepare(
			`UPDATE jobs SET state = ?, lane = ?, version = ?, attempts = ?, held = 1, lease = ?, holder = ?, token = ?,
			firstAttempt = ?, started = ? WHERE seq = ?`,
		);
		this.#turns = {
			head: database.prepare(
				`SELECT seq, priority, runAt, lane FROM jobs INDEXED BY jobs_ready WHERE state = ${waiting} AND gid = ? AND lane = ?
				ORDER BY priority DESC, runAt, seq LIMIT 1`,
			),
			nextLane: database.prepare(
				`SELECT lane FROM jobs INDEXED BY jobs_ready WHERE state = ${waiting} AND gid = ? AND lane > ? ORDER BY lane LIMIT 1`,
			),
		};
	}

	claim(claim: Claim): ClaimedJob[] {
		const { nowMs, queues } = claim;
		this.#bytes = 0;
		for (const holder of claim.gone ?? []) this.#goneLease.run(nowMs, holder, nowMs);
		if (claim.gone !== undefined) this.#book.forget();
		const claimed: ClaimedJob[] = [];
		for (const { name } of queues) this.#takeLost(name, claim, claimed);
		for (const { name } of queues) this.promote(name, nowMs);
		this.#book.fresh.order();
		this.#book.ledger.flush();
		let turns = this.#turnsOf(queues, nowMs);
		while (turns.length > 0 && !this.#isEnough(claim, claimed)) {
			turns = turns.filter((turn) => this.#isEnough(claim, claimed) || this.#takeNext(turn, claim, claimed));
		}
		return claimed;
	}

	#isEnough(claim: Claim, claimed: readonly ClaimedJob[]): boolean {
		return claimed.length >= claim.most || this.#bytes >= CLAIM_BYTES;
	}

	/** What was to begin by now waits for its turn; false: there may be more. */
	promote(queue: string, nowMs: number): boolean {
		const { ledger } = this.#book;
		const row = ledger.queue(queue);
		if (row === null || row.counts[STATE_NUMBERS.scheduled] === 0) return true;
		const due = this.#due.all(row.qid, nowMs) as { seq: number; id: string; gid: number; version: number }[];
		for (const { seq, id, gid, version } of due) {
			this.#promote.run(version + 1, seq);
			ledger.move(ledger.group(gid), STATE_NUMBERS.scheduled, STATE_NUMBERS.waiting);
			this.#book.tell(id, STATE_NUMBERS.waiting, version + 1);
		}
		return due.length < PROMOTE_MOST;
	}

	/** Another queue is first each time. */
	#turnsOf(queues: readonly QueueRoom[], nowMs: number): QueueTurn[] {
		const first = queues.length === 0 ? 0 : this.#claims++ % queues.length;
		const turns: QueueTurn[] = [];
		for (const room of [...queues.slice(first), ...queues.slice(0, first)]) {
			const row = this.#book.ledger.queue(room.name);
			if (row !== null && !row.paused) turns.push(new QueueTurn(this.#book, this.#turns, { room, row, nowMs }));
		}
		return turns;
	}

	#takeLost(queue: string, claim: Claim, claimed: ClaimedJob[]): void {
		const row = this.#book.ledger.queue(queue);
		if (row === null || row.held === 0) return;
		while (!this.#isEnough(claim, claimed)) {
			const found = this.#lost.all(row.qid, claim.nowMs, claim.most - claimed.length);
			const alive = this.#alive(found, claim);
			for (const { seq, holder } of found) {
				if (this.#isEnough(claim, claimed)) return;
				if (!alive.has(holder)) this.#takeOver(this.#book.claimed(seq as number), claim, claimed);
			}
			// Those that had ended made no part of the claim: there may be others behind them.
			if (found.length === 0) return;
		}
	}

	/** Those of these holders that are there: their clock, or what they are waiting for, is late. They get another lease. */
	#alive(found: readonly Row[], { holder: own, gone = [], nowMs, leaseMs }: Claim): ReadonlySet<unknown> {
		const holders = new Set(found.map((row) => row['holder'] as string));
		// What the one who asks holds itself, and does not know of, was lost on its way to it.
		const others = [...holders].filter((holder) => holder !== own && !gone.includes(holder));
		const alive = others.filter((holder) => this.#isAlive(holder));
		for (const holder of alive) this.#prolong.run(nowMs + leaseMs, holder, nowMs);
		if (alive.length > 0) this.#book.forget();
		return new Set(alive);
	}

	#takeOver(row: Row & JobRow, claim: Claim, claimed: ClaimedJob[]): void {
		// What an upstream has is ended there first, by whoever takes it over: until then its slot is taken.
		if (hasEnded(row) && row.external === null) {
			this.#book.release(row);
			this.#book.save(row);
			return;
		}
		if (!hasEnded(row)) this.#book.tell(row.id, row.state, ++row.version);
		claimed.push(this.#handOut(row, claim, true));
	}

	/** False: this queue has nothing more to give. */
	#takeNext(turn: QueueTurn, claim: Claim, claimed: ClaimedJob[]): boolean {
		const next = turn.next();
		if (next === null) return false;
		const { fresh } = next;
		if (fresh !== null && (fresh.deadlineMs === null || fresh.deadlineMs > claim.nowMs)) {
			claimed.push(this.#takeFresh(fresh, next, claim));
			turn.began(next.group);
			return true;
		}
		const row = this.#book.claimed(fresh === null ? next.seq : this.#book.fresh.write(fresh));
		if (row.deadline !== null && row.deadline <= claim.nowMs) {
			this.#book.spending.giveBackUnsent(row);
			this.#book.end(row, STATE_NUMBERS.expired, claim.nowMs);
			this.#book.save(row);
			return true;
		}
		row.lane = next.lane;
		row.attempts++;
		row.firstAttempt ??= claim.nowMs;
		row.started = claim.nowMs;
		this.#book.move(row, STATE_NUMBERS.running);
		this.#book.ledger.hold(next.group, row.lane, 1);
		turn.began(next.group);
		claimed.push(this.#handOut(row, claim, false));
		return true;
	}

	/** One that this transaction took in. */
	#takeFresh(fresh: NewJob, { lane, group }: NextJob, { nowMs, leaseMs, holder }: Claim): ClaimedJob {
		const { ledger } = this.#book;
		const token = this.#token();
		const row = this.#book.fresh.begin(fresh, { lane, holder, token, nowMs, leaseMs });
		this.#book.keep(row);
		ledger.move(group, STATE_NUMBERS.waiting, row.state);
		ledger.hold(group, lane, 1);
		this.#book.tell(row.id, row.state, row.version);
		const job = newJob(fresh);
		job.state = 'running';
		job.lane = lane;
		job.version = row.version;
		job.attempts = 1;
		job.firstAttemptMs = job.startedMs = nowMs;
		this.#bytes += heldBytes(job);
		return Object.assign(job, { token, lost: false });
	}

	#handOut(row: Row & JobRow, claim: Claim, lost: boolean): ClaimedJob {
		const job = Object.assign(readJob(row), { token: this.#hold(row, claim), lost });
		this.#bytes += heldBytes(job);
		return job;
	}

	/** Its token from now on. */
	#hold(row: Row & JobRow, { nowMs, leaseMs, holder }: Claim): string {
		const token = this.#token();
		row.held = 1;
		row.lease = nowMs + leaseMs;
		row.holder = holder;
		row.token = token;
		const { state, lane, version, attempts, lease, firstAttempt, started, seq } = row;
		this.#begin.run(state, lane, version, attempts, lease, holder, token, firstAttempt, started, seq);
		this.#book.keep(rowOf(row));
		return token;
	}

	#token(): string {
		return `${this.#life}.${++this.#tokens}`;
	}
}
