import type { StatementSync } from 'node:sqlite';
import type { NewJob } from '../job.ts';
import type { JobRate, QueueRoom } from '../job-store.ts';
import type { FreshJobs } from './fresh-jobs.ts';
import type { Row } from './job-row.ts';
import type { GroupRow, Ledger, QueueRow } from './ledger.ts';
import { rateRoom, withStart } from './rate-log.ts';

/** Groups read at once, in the order of their turns. */
const CHUNK = 64;

interface Head {
	seq: number;
	priority: number;
	runAt: number;
	lane: string;
}

/** The job that is next, the lane that it goes to, its group. `fresh`: it is not in the file yet, and has no number. */
export interface NextJob {
	seq: number;
	fresh: NewJob | null;
	lane: string;
	group: GroupRow;
}

/**
 * One queue during one claim: whose turn it is, as long as there is room. The ledger is flushed before it begins, and
 * not during it. Groups that are full are passed over; there are never more of them than jobs under way, so that what
 * a claim costs does not grow with what waits.
 */
export class QueueTurn {
	readonly #ledger: Ledger;
	readonly #fresh: FreshJobs;
	readonly #sql: { head: StatementSync; nextLane: StatementSync };
	readonly #room: QueueRoom;
	readonly #row: QueueRow;
	readonly #nowMs: number;
	/** That may have a job to give, the first in turn last. */
	readonly #groups: GroupRow[] = [];
	/** Of groups, where the queue has none: none comes into being during a claim. */
	readonly #lanes = new Map<number, readonly string[]>();
	#read = { turn: Number.MIN_SAFE_INTEGER, gid: 0 };
	#allRead = false;

	constructor(
		{ ledger, fresh }: { ledger: Ledger; fresh: FreshJobs },
		sql: { head: StatementSync; nextLane: StatementSync },
		of: { room: QueueRoom; row: QueueRow; nowMs: number },
	) {
		this.#ledger = ledger;
		this.#fresh = fresh;
		this.#sql = sql;
		this.#room = of.room;
		this.#row = of.row;
		this.#nowMs = of.nowMs;
	}

	/** null: nothing that waits has room. */
	next(): NextJob | null {
		if (!this.#hasRoom()) return null;
		for (;;) {
			const group = this.#firstGroup();
			if (group === null) return null;
			const found = this.#isFull(group) ? null : this.#first(group);
			if (found !== null) return found;
			this.#groups.pop();
		}
	}

	/** The group's first job that has room in its lane. */
	#first(group: GroupRow): NextJob | null {
		if (group.waiting === 0) return null;
		if (!this.#fresh.isAll(group)) {
			const head = this.#head(group);
			return head === null ? null : { seq: head.seq, fresh: null, lane: this.#laneFor(head.lane), group };
		}
		const job = this.#fresh.first(group, this.#room.lanes.length === 0 ? null : this.#lanesWithRoom(group));
		return job === null ? null : { seq: 0, fresh: job, lane: this.#laneFor(job.lane ?? ''), group };
	}

	#laneFor(lane: string): string {
		return lane === '' ? this.#freeLane() : lane;
	}

	/** The job that `next` named has begun: whoever waits in other groups comes before this one's next. */
	began(group: GroupRow): void {
		const { rate } = this.#room;
		if (rate !== null) this.#row.begun = withStart(this.#row.begun, rate, this.#nowMs);
		if (this.#room.group.rate !== null) group.begun = withStart(group.begun, this.#room.group.rate, this.#nowMs);
		this.#row.turn = Math.max(this.#row.turn, group.turn);
		group.turn++;
		group.served = this.#nowMs;
		this.#ledger.touch(group);
		this.#groups.pop();
		this.#place(group);
	}

	#hasRoom(): boolean {
		const { concurrency, rate, lanes } = this.#room;
		if (concurrency > 0 && this.#row.held >= concurrency) return false;
		if (rate !== null && rateRoom(this.#row.begun, rate, this.#nowMs) === 0) return false;
		return lanes.length === 0 || lanes.some((lane) => this.#laneRoom(lane) > 0);
	}

	#isFull(group: GroupRow): boolean {
		const { concurrency, rate } = this.#room.group;
		return (concurrency > 0 && group.held >= concurrency) || this.#isTooFast(group, rate);
	}

	#isTooFast(group: GroupRow, rate: JobRate | null): boolean {
		return rate !== null && rateRoom(group.begun, rate, this.#nowMs) === 0;
	}

	#laneRoom({ name, concurrency }: { name: string; concurrency: number }): number {
		const held = this.#row.lanes.get(name) ?? 0;
		// Of those without a limit, the one with the fewest.
		return concurrency > 0 ? concurrency - held : Number.MAX_SAFE_INTEGER - held;
	}

	/** Where there is most room; '': there are no lanes. */
	#freeLane(): string {
		let [best, most] = ['', 0];
		for (const lane of this.#room.lanes) {
			const room = this.#laneRoom(lane);
			if (room > most) [best, most] = [lane.name, room];
		}
		return best;
	}

	/** In the file. */
	#head(group: GroupRow): Head | null {
		let best: Head | null = null;
		for (const lane of this.#lanesWithRoom(group)) {
			const head = this.#sql.head.get(group.gid, lane) as Head | undefined;
			if (head !== undefined && (best === null || isBefore(head, best))) best = head;
		}
		return best;
	}

	/** That jobs of the group may be bound to; first ''. */
	#lanesWithRoom(group: GroupRow): readonly string[] {
		const { lanes } = this.#room;
		if (lanes.length === 0) return this.#oldLanes(group);
		return ['', ...lanes.filter((lane) => this.#laneRoom(lane) > 0).map(({ name }) => name)];
	}

	/** Left from when the queue had lanes: they hold nobody back any more. */
	#oldLanes({ gid }: GroupRow): readonly string[] {
		const known = this.#lanes.get(gid);
		if (known !== undefined) return known;
		const lanes = [''];
		for (let row: Row | undefined; (row = this.#sql.nextLane.get(gid, lanes.at(-1) as string)) !== undefined; ) {
			lanes.push(row['lane'] as string);
		}
		this.#lanes.set(gid, lanes);
		return lanes;
	}

	#firstGroup(): GroupRow | null {
		for (;;) {
			const first = this.#groups.at(-1);
			if (this.#allRead || (first !== undefined && first.turn <= this.#read.turn)) return first ?? null;
			const more = this.#ledger.groupsInTurn(this.#row, this.#read, CHUNK);
			this.#allRead = more.length < CHUNK;
			const last = more.at(-1);
			if (last !== undefined) this.#read = { turn: last.turn, gid: last.gid };
			for (const group of more) this.#place(group);
		}
	}

	/** By binary search; behind others of the same turn. */
	#place(group: GroupRow): void {
		let [from, to] = [0, this.#groups.length];
		while (from < to) {
			const middle = (from + to) >> 1;
			const { turn } = this.#groups[middle] as GroupRow;
			if (turn > group.turn) from = middle + 1;
			else to = middle;
		}
		this.#groups.splice(from, 0, group);
	}
}

function isBefore(one: Head, other: Head): boolean {
	if (one.priority !== other.priority) return one.priority > other.priority;
	return one.runAt === other.runAt ? one.seq < other.seq : one.runAt < other.runAt;
}
