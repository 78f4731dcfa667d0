/** How full file systems are, and when they will be. */
import { statfs } from 'node:fs/promises';

export interface DiskUsage {
	/** The folder by which it was asked for. */
	mount: string;
	/** As `df` tells it, 0…1. */
	usedRatio: number;
	freeBytes: number;
	/** NaN: it does not fill up, or not within a month, or it was not watched for long enough. */
	fullInSeconds: number;
}

/** What was free when. */
export interface FreeAt {
	timeMs: number;
	freeBytes: number;
}

/** A look each half minute for six hours. */
const LOOK_MS = 30_000;
const LOOKS = 720;
/** Shorter watching says nothing. */
const LEAST_MS = 600_000;
const LONGEST_SECONDS = 30 * 86_400;
/** Folders that are looked at. */
const MOST = 16;

/** When nothing is left if it goes on as the straight line through what was seen, s; NaN: never, or not known. */
export function fullIn(seen: readonly FreeAt[]): number {
	const [first, last] = [seen[0], seen.at(-1)];
	if (first === undefined || last === undefined || last.timeMs - first.timeMs < LEAST_MS) return Number.NaN;
	let [x, y, xx, xy] = [0, 0, 0, 0];
	for (const { timeMs, freeBytes } of seen) {
		const seconds = (timeMs - last.timeMs) / 1000;
		x += seconds;
		y += freeBytes;
		xx += seconds * seconds;
		xy += seconds * freeBytes;
	}
	const slope = (seen.length * xy - x * y) / (seen.length * xx - x * x);
	const left = last.freeBytes / -slope;
	return slope < 0 && left <= LONGEST_SECONDS ? left : Number.NaN;
}

export class DiskSampler {
	readonly #seen = new Map<string, FreeAt[]>();
	readonly #now: () => number;
	#usage: readonly DiskUsage[] = [];
	#pending = false;
	#lookedMs = Number.NEGATIVE_INFINITY;

	constructor(now: () => number = Date.now) {
		this.#now = now;
	}

	get usage(): readonly DiskUsage[] {
		return this.#usage;
	}

	/** Looks if it is time to. A file system that hangs holds up nothing but the next look. */
	async sample(mounts: readonly string[]): Promise<void> {
		const timeMs = this.#now();
		if (this.#pending || timeMs - this.#lookedMs < LOOK_MS) return;
		this.#pending = true;
		this.#lookedMs = timeMs;
		try {
			const all = await Promise.all([...new Set(mounts)].slice(0, MOST).map((mount) => this.#look(mount, timeMs)));
			this.#usage = all.flatMap((one) => one ?? []);
			// The store's folder is made a moment after the start.
			if (this.#usage.length === 0) this.#lookedMs = Number.NEGATIVE_INFINITY;
			for (const mount of this.#seen.keys()) if (!mounts.includes(mount)) this.#seen.delete(mount);
		} finally {
			this.#pending = false;
		}
	}

	async #look(mount: string, timeMs: number): Promise<DiskUsage | undefined> {
		const found = await statfs(mount).catch(() => undefined);
		if (found === undefined || found.blocks === 0) return undefined;
		const used = found.blocks - found.bfree;
		const freeBytes = found.bavail * found.bsize;
		const seen = this.#seen.get(mount) ?? [];
		this.#seen.set(mount, seen);
		seen.push({ timeMs, freeBytes });
		if (seen.length > LOOKS) seen.shift();
		return { mount, usedRatio: used / (used + found.bavail), freeBytes, fullInSeconds: fullIn(seen) };
	}
}
