/** The metrics and series on disk, and the numbers that stand for them there. */
import type { DatabaseSync } from 'node:sqlite';
import type { MetricKind } from '../core/metric.ts';

export interface KnownMetric {
	id: number;
	name: string;
	kind: MetricKind;
	cells: number;
	labels: readonly string[];
}

export interface KnownSeries {
	id: number;
	values: readonly string[];
	/** Seconds since the epoch; renewed once a day. */
	seen: number;
}

/** Most series of one metric. Who comes after that is left out. */
const MOST_SERIES = 50_000;
/** How old `seen` may be of a series that is still there, seconds. */
export const SEEN = 86_400;

export class RollupNames {
	readonly #database: DatabaseSync;
	readonly #metrics = new Map<string, KnownMetric>();
	readonly #series = new Map<number, Map<string, KnownSeries>>();
	readonly #now: () => number;

	constructor(database: DatabaseSync, now: () => number = () => Math.floor(Date.now() / 1000)) {
		this.#database = database;
		this.#now = now;
		this.reload();
	}

	/** Forgets what is not in the database. */
	reload(): void {
		this.#metrics.clear();
		this.#series.clear();
		const rows = this.#database.prepare('SELECT id, name, kind, cells, labels FROM metric ORDER BY id').all();
		// Of one that was defined otherwise before, the last form counts.
		for (const row of rows as unknown as (KnownMetric & { labels: string })[])
			this.#metrics.set(row.name, { ...row, labels: JSON.parse(row.labels) as string[] });
	}

	all(): readonly KnownMetric[] {
		return [...this.#metrics.values()];
	}

	find(name: string): KnownMetric | undefined {
		return this.#metrics.get(name);
	}

	/** Within a transaction: what is new is written. */
	metric(of: Omit<KnownMetric, 'id'>): KnownMetric {
		const { name, kind, cells, labels } = of;
		const found = this.#metrics.get(name);
		const text = JSON.stringify(labels);
		if (found?.kind === kind && found.cells === cells && JSON.stringify(found.labels) === text) return found;
		const key = [name, kind, cells, text] as const;
		this.#database.prepare('INSERT OR IGNORE INTO metric (name, kind, cells, labels) VALUES (?, ?, ?, ?)').run(...key);
		const { id } = this.#database
			.prepare('SELECT id FROM metric WHERE name = ? AND kind = ? AND cells = ? AND labels = ?')
			.get(...key) as { id: number };
		const made = { id, name, kind, cells, labels };
		this.#metrics.set(name, made);
		return made;
	}

	/** The number of a series; 0: there is no room for it. */
	series(metric: KnownMetric, values: readonly string[]): number {
		const all = this.#of(metric);
		const key = JSON.stringify(values);
		const now = this.#now();
		const found = all.get(key);
		if (found !== undefined) {
			if (now - found.seen > SEEN) {
				found.seen = now;
				this.#database.prepare('UPDATE series SET seen = ? WHERE id = ?').run(now, found.id);
			}
			return found.id;
		}
		if (all.size >= MOST_SERIES) return 0;
		const { lastInsertRowid } = this.#database
			.prepare('INSERT INTO series (metric, label_values, seen) VALUES (?, ?, ?)')
			.run(metric.id, key, now);
		const id = Number(lastInsertRowid);
		all.set(key, { id, values, seen: now });
		return id;
	}

	seriesOf(metric: KnownMetric): Iterable<KnownSeries> {
		return this.#of(metric).values();
	}

	#of(metric: KnownMetric): Map<string, KnownSeries> {
		let all = this.#series.get(metric.id);
		if (all !== undefined) return all;
		this.#series.set(metric.id, (all = new Map()));
		const rows = this.#database.prepare('SELECT id, label_values, seen FROM series WHERE metric = ?').all(metric.id);
		for (const { id, label_values: key, seen } of rows as unknown as {
			id: number;
			label_values: string;
			seen: number;
		}[])
			all.set(key, { id, values: JSON.parse(key) as string[], seen });
		return all;
	}

	/** Forgets series that were not seen since a time, of which no frame is kept any more. */
	forget(before: number): void {
		const { changes } = this.#database.prepare('DELETE FROM series WHERE seen < ?').run(before - SEEN);
		if (changes > 0) this.#series.clear();
	}
}
