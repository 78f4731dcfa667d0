import type { LogEntry } from '../core/log-entry.ts';
import { matches } from './query-match.ts';
import { parseQuery } from './query-parse.ts';
import type { Query } from './query-tree.ts';

/** `skipped`: entries that fitted and were left out, because there were too many. */
export type Follow = (entries: LogEntry[], skipped: number) => void;

interface Follower {
	query: Query;
	take: Follow;
	second: number;
	taken: number;
}

const MOST_FOLLOWERS = 32;
/** Entries that one follower gets in a second. */
const MOST_A_SECOND = 1000;

/** Those who watch entries as they come. */
export class Followers {
	readonly #followers = new Set<Follower>();

	get size(): number {
		return this.#followers.size;
	}

	/**
	 * Returns what ends it; null: there are too many who follow already.
	 * @throws BallastError `bad_query`
	 */
	add(query: string, take: Follow): (() => void) | null {
		const tree = parseQuery(query);
		if (this.#followers.size >= MOST_FOLLOWERS) return null;
		const follower: Follower = { query: tree, take, second: 0, taken: 0 };
		this.#followers.add(follower);
		return () => this.#followers.delete(follower);
	}

	send(entries: readonly LogEntry[], nowMs: number): void {
		for (const follower of this.#followers) {
			const found = entries.filter((entry) => matches(follower.query, entry));
			if (found.length === 0) continue;
			const second = Math.floor(nowMs / 1000);
			if (second !== follower.second) {
				follower.second = second;
				follower.taken = 0;
			}
			// The newest say most.
			const room = Math.min(found.length, MOST_A_SECOND - follower.taken);
			follower.taken += room;
			follower.take(room === 0 ? [] : found.slice(-room), found.length - room);
		}
	}
}
