import type { DatabaseSync } from 'node:sqlite';
import { corruption } from './job-file.ts';
import { STATE_NUMBERS, STATES } from './job-tables.ts';
import { ledgerStatements } from './ledger-statements.ts';
import { type RateLog, rateLogText, readRateLog } from './rate-log.ts';

export interface QueueRow {
	readonly qid: number;
	readonly name: string;
	paused: boolean;
	/** Of the group that was served last. */
	turn: number;
	/** Slots taken. */
	held: number;
	begun: RateLog;
	/** By number of the state. */
	readonly counts: number[];
	/** Slots taken, by lane. */
	readonly lanes: Map<string, number>;
	dirty: boolean;
	readonly dirtyLanes: Set<string>;
}

export interface GroupRow {
	readonly gid: number;
	readonly name: string;
	readonly queue: QueueRow;
	waiting: number;
	held: number;
	/** Jobs of whatever state. */
	kept: number;
	turn: number;
	begun: RateLog;
	/** When one last began, ms. */
	served: number;
	dirty: boolean;
}

/** Rows held in memory; over this all are read anew. */
const MOST_ROWS = 20_000;
const WAITING = STATE_NUMBERS.waiting;

/**
 * Queues, groups and lanes with their counts: read once, changed in memory with each job, and written once a
 * transaction. What another process wrote, or a transaction that failed, makes it forget what it holds.
 */
export class Ledger {
	readonly #sql: ReturnType<typeof ledgerStatements>;
	readonly #queues = new Map<string, QueueRow>();
	readonly #queuesById = new Map<number, QueueRow>();
	readonly #groups = new Map<number, GroupRow>();
	/** By queue and name. */
	readonly #named = new Map<number, Map<string, GroupRow>>();
	readonly #dirty = new Set<GroupRow>();
	/** Grows when another connection has written. */
	#dataVersion = -1;

	constructor(database: DatabaseSync) {
		this.#sql = ledgerStatements(database);
	}

	/** First in each transaction; true: somebody else has written since the last. */
	begin(): boolean {
		const { data_version: version } = this.#sql.dataVersion.get() as { data_version: number };
		const others = version !== this.#dataVersion;
		if (others || this.#groups.size > MOST_ROWS) this.forget();
		this.#dataVersion = version;
		return others;
	}

	forget(): void {
		this.#queues.clear();
		this.#queuesById.clear();
		this.#groups.clear();
		this.#named.clear();
		this.#dirty.clear();
	}

	/** null: no job of this queue came yet, and nobody paused it. */
	queue(name: string): QueueRow | null {
		return this.#queues.get(name) ?? this.#keepQueue(this.#sql.queueByName.get(name));
	}

	madeQueue(name: string): QueueRow {
		const found = this.queue(name);
		if (found !== null) return found;
		this.#sql.addQueue.run(name, JSON.stringify(STATES.map(() => 0)));
		return this.queue(name) as QueueRow;
	}

	group(gid: number): GroupRow {
		const group = this.#groups.get(gid) ?? this.#keepGroup(this.#sql.groupById.get(gid));
		if (group === null) throw corruption(`group ${gid} is not there`);
		return group;
	}

	madeGroup(queue: QueueRow, name: string): GroupRow {
		const known = this.#named.get(queue.qid)?.get(name);
		if (known !== undefined) return known;
		const found = this.#keepGroup(this.#sql.groupByName.get(queue.qid, name));
		if (found !== null) return found;
		const { lastInsertRowid } = this.#sql.addGroup.run(queue.qid, name, queue.turn);
		return this.group(Number(lastInsertRowid));
	}

	/** Groups with waiting jobs in the order of their turns, behind the one at `after`. */
	groupsInTurn(queue: QueueRow, after: { turn: number; gid: number }, most: number): GroupRow[] {
		const rows = this.#sql.groupsInTurn.all(queue.qid, after.turn, after.gid, most);
		return rows.map((row) => this.group(row['gid'] as number));
	}

	/** A job comes into being (`from` null), changes its state, or is no longer kept (`to` null). */
	move(group: GroupRow, from: number | null, to: number | null): void {
		const { queue } = group;
		if (from !== null) queue.counts[from] = (queue.counts[from] as number) - 1;
		if (to !== null) queue.counts[to] = (queue.counts[to] as number) + 1;
		if (from === null) group.kept++;
		if (to === null) group.kept--;
		if (from === WAITING) group.waiting--;
		// Who had nothing to do has not saved up turns.
		if (to === WAITING && group.waiting++ === 0) group.turn = Math.max(group.turn, queue.turn);
		this.touch(group);
	}

	/** A slot is taken (1) or given back (-1). */
	hold(group: GroupRow, lane: string, by: 1 | -1): void {
		const { queue } = group;
		group.held += by;
		queue.held += by;
		if (lane !== '') {
			queue.lanes.set(lane, (queue.lanes.get(lane) ?? 0) + by);
			queue.dirtyLanes.add(lane);
		}
		this.touch(group);
	}

	/** It was changed, and so was its queue. */
	touch(group: GroupRow): void {
		group.dirty = true;
		group.queue.dirty = true;
		this.#dirty.add(group);
	}

	/** Writes what changed. */
	flush(): void {
		for (const row of this.#dirty) this.#writeGroup(row);
		this.#dirty.clear();
		for (const row of this.#queues.values()) if (row.dirty) this.#writeQueue(row);
	}

	/** Groups that have had no job since. */
	dropEmptyGroups(servedBeforeMs: number): void {
		const { changes } = this.#sql.dropGroups.run(servedBeforeMs);
		if (Number(changes) > 0) this.forget();
	}

	#writeGroup(row: GroupRow): void {
		const { waiting, held, kept, turn, served, gid } = row;
		this.#sql.setGroup.run(waiting, held, kept, turn, rateLogText(row.begun), served, gid);
		row.dirty = false;
	}

	#writeQueue(row: QueueRow): void {
		const { paused, turn, held, qid } = row;
		this.#sql.setQueue.run(Number(paused), turn, held, rateLogText(row.begun), JSON.stringify(row.counts), qid);
		for (const lane of row.dirtyLanes) this.#sql.setLane.run(qid, lane, row.lanes.get(lane) as number);
		row.dirtyLanes.clear();
		row.dirty = false;
	}

	#keepQueue(row: Record<string, unknown> | undefined): QueueRow | null {
		if (row === undefined) return null;
		const qid = row['qid'] as number;
		const lanes = this.#sql.lanes.all(qid).map((lane) => [lane['name'] as string, lane['held'] as number] as const);
		const queue: QueueRow = {
			qid,
			name: row['name'] as string,
			paused: row['paused'] === 1,
			turn: row['turn'] as number,
			held: row['held'] as number,
			begun: readRateLog(row['begun'] as string),
			counts: JSON.parse(row['counts'] as string) as number[],
			lanes: new Map(lanes),
			dirty: false,
			dirtyLanes: new Set(),
		};
		this.#queues.set(queue.name, queue);
		this.#queuesById.set(qid, queue);
		return queue;
	}

	#keepGroup(row: Record<string, unknown> | undefined): GroupRow | null {
		if (row === undefined) return null;
		const qid = row['qid'] as number;
		const queue = this.#queuesById.get(qid) ?? this.#keepQueue(this.#sql.queueById.get(qid));
		const group: GroupRow = {
			gid: row['gid'] as number,
			name: row['name'] as string,
			queue: queue as QueueRow,
			waiting: row['waiting'] as number,
			held: row['held'] as number,
			kept: row['kept'] as number,
			turn: row['turn'] as number,
			begun: readRateLog(row['begun'] as string),
			served: row['served'] as number,
			dirty: false,
		};
		this.#groups.set(group.gid, group);
		const named = this.#named.get(qid) ?? new Map<string, GroupRow>();
		this.#named.set(qid, named.set(group.name, group));
		return group;
	}
}
