/**
 * What all kept metrics did, on disk: minutes, merged to five minutes and to hours. For the store thread:
 * its methods are synchronous, what they take and give is plain data.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FrameSum } from './frame-sum.ts';
import type { MinuteFrames, MinuteMetric } from './minute-frames.ts';
import { type KnownMetric, RollupNames, SEEN } from './rollup-names.ts';
import { type RollupRetention, trim } from './rollup-retention.ts';
import { type SlotAnswer, SlotFill, type SlotRequest } from './slots.ts';

/** The database's form, for `openDatabase`. Times are seconds since the epoch. */
export const ROLLUP_STEPS: readonly string[] = [
	`CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, cells INTEGER NOT NULL,
		labels TEXT NOT NULL, UNIQUE (name, kind, cells, labels));
	CREATE TABLE series (id INTEGER PRIMARY KEY, metric INTEGER NOT NULL, label_values TEXT NOT NULL, seen INTEGER NOT NULL,
		UNIQUE (metric, label_values));
	CREATE TABLE recorded (level INTEGER NOT NULL, time INTEGER NOT NULL, covered INTEGER NOT NULL,
		PRIMARY KEY (level, time)) WITHOUT ROWID;
	CREATE TABLE slot (level INTEGER NOT NULL, metric INTEGER NOT NULL, time INTEGER NOT NULL, frame BLOB NOT NULL,
		PRIMARY KEY (level, metric, time)) WITHOUT ROWID;
	CREATE TABLE progress (level INTEGER PRIMARY KEY, until INTEGER NOT NULL);`,
];

/** Lengths of the slots on disk, seconds; each but the first is merged from the one before it. */
export const LEVELS = [60, 300, 3600] as const;
export type Level = (typeof LEVELS)[number];

export interface RollupStore {
	database: DatabaseSync;
	/** Runs work in a transaction. */
	transact<T>(work: () => T): T;
}

interface Row {
	time: number;
	frame: Uint8Array;
}

export class Rollups {
	readonly #store: RollupStore;
	readonly #names: RollupNames;
	readonly #retention: RollupRetention;
	readonly #statements: ReturnType<typeof prepare>;
	/** Frames that could not be read. */
	damaged = 0;

	constructor(store: RollupStore, retention: RollupRetention) {
		this.#store = store;
		this.#retention = retention;
		this.#names = new RollupNames(store.database);
		this.#statements = prepare(store.database);
	}

	/** Takes a minute. One that is there already, since the program was started anew within it, is added to. */
	add(minute: MinuteFrames): void {
		try {
			this.#store.transact(() => this.#write(minute));
		} catch (error) {
			// What was new in it was taken back, and its numbers may be given to others.
			this.#names.reload();
			throw error;
		}
	}

	#write(minute: MinuteFrames): void {
		const time = Math.floor(minute.timeMs / 60_000) * 60;
		const { recordedAt, record, frameAt, put } = this.#statements;
		const before = recordedAt.get(60, time) as { covered: number } | undefined;
		record.run(60, time, (before?.covered ?? 0) + minute.coveredMs);
		for (const metric of minute.metrics) {
			const known = this.#names.metric(metric);
			const sum = this.#summed(known, metric);
			const there = before === undefined ? undefined : (frameAt.get(60, known.id, time) as Row | undefined);
			if (there !== undefined) this.#add(sum, there.frame);
			put.run(60, known.id, time, sum.encode());
		}
		this.#merge(time);
	}

	/** The frame under the ids that its series have on disk. */
	#summed(known: KnownMetric, metric: MinuteMetric): FrameSum {
		const ids = new Map(metric.series.map(([id, values]) => [id, this.#names.series(known, values)]));
		const own = new FrameSum(metric.kind, metric.cells);
		own.add(metric.frame);
		const sum = new FrameSum(metric.kind, metric.cells);
		sum.add(own.encode((id) => ids.get(id) ?? 0));
		return sum;
	}

	#add(sum: FrameSum, frame: Uint8Array): void {
		try {
			sum.add(frame);
		} catch {
			this.damaged++;
		}
	}

	/** Merges what is over before a time. */
	#merge(now: number): void {
		for (const [at, level] of LEVELS.entries()) {
			const below = LEVELS[at - 1];
			if (below === undefined) continue;
			const end = Math.floor(now / level) * level;
			const from = this.#until(level);
			if (from >= end) continue;
			const { windows, setUntil } = this.#statements;
			for (const { time } of windows.all(level, below, from, end) as unknown as { time: number }[])
				this.#mergeWindow(below, level, time);
			setUntil.run(level, end);
			if (level === 3600) this.#trim(now);
		}
	}

	#until(level: Level): number {
		return (this.#statements.until.get(level) as { until: number } | undefined)?.until ?? 0;
	}

	#mergeWindow(below: Level, level: Level, time: number): void {
		const { covered, record, frames, put } = this.#statements;
		const all = covered.get(below, time, time + level) as { covered: number };
		record.run(level, time, all.covered);
		for (const metric of this.#names.all()) {
			const rows = frames.all(below, metric.id, time, time + level) as unknown as Row[];
			if (rows.length === 0) continue;
			const sum = new FrameSum(metric.kind, metric.cells);
			for (const { frame } of rows) this.#add(sum, frame);
			put.run(level, metric.id, time, sum.encode());
		}
	}

	#trim(now: number): void {
		trim(this.#store.database, { now, retention: this.#retention });
		this.#names.forget(now - Math.max(...Object.values(this.#retention.keepMs)) / 1000);
	}

	/** The bounds that hold from now on. */
	retain(retention: RollupRetention): void {
		Object.assign(this.#retention, retention);
	}

	/** What is recorded: begin of the first and end of the last minute or hour, epoch ms; null: nothing. */
	span(): { fromMs: number; untilMs: number } | null {
		const { first, last } = this.#statements.span.get() as { first: number | null; last: number | null };
		return first === null || last === null ? null : { fromMs: first * 1000, untilMs: (last + 60) * 1000 };
	}

	/** What is asked for, as far as it is on disk. A slot is a multiple of a minute; what is older than a level is coarser. */
	read(requests: readonly SlotRequest[]): SlotAnswer[] {
		return requests.map((request) => this.#read(request));
	}

	#read(request: SlotRequest): SlotAnswer {
		const metric = this.#names.find(request.metric);
		const fill = new SlotFill(request, metric?.kind ?? 'counter', metric?.cells ?? 0);
		if (metric !== undefined)
			for (const { id, values, seen } of this.#names.seriesOf(metric))
				if ((seen + SEEN) * 1000 > request.fromMs) fill.learn(id, metric.labels, values);
		const to = (request.fromMs + request.slots * request.slotMs) / 1000;
		let at = request.fromMs / 1000;
		// The coarsest that fits comes first; what it does not have yet comes from those that it is merged from.
		for (const level of LEVELS.toReversed()) {
			const until = Math.min(to, level === 60 ? to : this.#until(level));
			if (level * 1000 > request.grainMs || at >= until) continue;
			this.#readLevel(fill, { metric, level, from: at, until });
			at = until;
		}
		const last = this.span()?.untilMs ?? 0;
		return fill.finish(Math.min(last, to * 1000));
	}

	#readLevel(fill: SlotFill, of: { metric: KnownMetric | undefined; level: Level; from: number; until: number }): void {
		const { recordedIn, frames } = this.#statements;
		const { metric, level, from, until } = of;
		const recorded = recordedIn.all(level, from, until) as unknown as { time: number; covered: number }[];
		const rows = metric === undefined ? [] : (frames.all(level, metric.id, from, until) as unknown as Row[]);
		let at = 0;
		for (const { time, covered } of recorded) {
			const wanted = fill.at(time * 1000, covered);
			for (; at < rows.length && (rows[at] as Row).time <= time; at++) {
				const row = rows[at] as Row;
				if (wanted && row.time === time) this.#tell(fill, row.frame);
			}
		}
	}

	#tell(fill: SlotFill, frame: Uint8Array): void {
		try {
			fill.addFrame(frame);
		} catch {
			this.damaged++;
		}
	}
}

function prepare(database: DatabaseSync) {
	const of = (sql: string): StatementSync => database.prepare(sql);
	return {
		recordedAt: of('SELECT covered FROM recorded WHERE level = ? AND time = ?'),
		recordedIn: of('SELECT time, covered FROM recorded WHERE level = ? AND time >= ? AND time < ? ORDER BY time'),
		covered: of('SELECT sum(covered) AS covered FROM recorded WHERE level = ? AND time >= ? AND time < ?'),
		record: of('INSERT OR REPLACE INTO recorded (level, time, covered) VALUES (?, ?, ?)'),
		frameAt: of('SELECT time, frame FROM slot WHERE level = ? AND metric = ? AND time = ?'),
		frames: of('SELECT time, frame FROM slot WHERE level = ? AND metric = ? AND time >= ? AND time < ? ORDER BY time'),
		put: of('INSERT OR REPLACE INTO slot (level, metric, time, frame) VALUES (?, ?, ?, ?)'),
		windows: of(
			'SELECT DISTINCT time - time % ? AS time FROM recorded WHERE level = ? AND time >= ? AND time < ? ORDER BY 1',
		),
		until: of('SELECT until FROM progress WHERE level = ?'),
		setUntil: of('INSERT OR REPLACE INTO progress (level, until) VALUES (?, ?)'),
		span: of('SELECT min(time) AS first, (SELECT max(time) FROM recorded WHERE level = 60) AS last FROM recorded'),
	};
}
