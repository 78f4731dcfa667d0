import { mkdirSync, opendirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '../job.ts';
import type { WebhookJudge } from '../webhooks/webhook-rules.ts';
import { fetchMedia } from './fetch-media.ts';
import { type FoundMedia, MediaFault, type MediaTarget } from './media-policy.ts';

/** Copies under way at once; each holds a few buffers. */
const UNDER_WAY_MOST = 4;
/** Pauses after a copy that failed, ms; then it is given up. */
const PAUSES_MS = [5000, 60_000, 600_000, 3_600_000, 6 * 3_600_000, 12 * 3_600_000];
const LISTED_MOST = 100_000;
const ID = /^[A-Za-z0-9_-]{22}$/;

/** Where a job's files are copied to. */
export interface MediaWay {
	target: MediaTarget;
	judge: WebhookJudge;
	mostBytes: number;
}

export interface MediaCopiesParts {
	/** Of copies that are to be made, an empty file each: they outlive this program. */
	folder: string;
	job(id: string): Promise<Job | null>;
	/** By the job's route as it is now; null: nothing of it is copied. */
	wayOf(job: Job): MediaWay | null;
	/** URLs of its files as its upstream gives them now; null: it gives none. */
	urls(job: Job): Promise<readonly string[] | null>;
	/** It is not copied for now, or not at all. */
	failed(job: Job, why: string, final: boolean): void;
	pausesMs?: readonly number[];
}

/** Copies what came of jobs, one file after the other, until it is there or given up. */
export class MediaCopies {
	readonly #parts: MediaCopiesParts;
	readonly #waiting: string[] = [];
	readonly #tries = new Map<string, number>();
	readonly #timers = new Set<NodeJS.Timeout>();
	#underWay = 0;
	#closed = false;

	constructor(parts: MediaCopiesParts) {
		this.#parts = parts;
	}

	/** Goes on with those that a life before left. */
	start(): void {
		let listed = 0;
		const folder = opened(this.#parts.folder);
		for (
			let entry = folder?.readSync() ?? null;
			entry !== null && listed++ < LISTED_MOST;
			entry = folder?.readSync() ?? null
		)
			if (ID.test(entry.name)) this.#waiting.push(entry.name);
		folder?.closeSync();
		this.#next();
	}

	/** Before the job's end is stored, so that none is forgotten. */
	wanted(job: Job): void {
		if (this.#parts.wayOf(job) === null || !ID.test(job.id)) return;
		try {
			mkdirSync(this.#parts.folder, { recursive: true, mode: 0o700 });
			writeFileSync(join(this.#parts.folder, job.id), '', { mode: 0o600 });
		} catch {
			// With a full disk: as long as this program lives it is known all the same.
		}
		this.#waiting.push(job.id);
		this.#next();
	}

	/** Copies of a job's files, in their order; null: there is none of that one. */
	async found(job: Job, files: number): Promise<(FoundMedia | null)[]> {
		const way = this.#parts.wayOf(job);
		if (way === null) return [];
		return Promise.all(Array.from({ length: files }, (_, at) => way.target.find(nameOf(job.id, at))));
	}

	#next(): void {
		while (!this.#closed && this.#underWay < UNDER_WAY_MOST) {
			const id = this.#waiting.shift();
			if (id === undefined) return;
			this.#underWay++;
			void this.#one(id).finally(() => {
				this.#underWay--;
				this.#next();
			});
		}
	}

	async #one(id: string): Promise<void> {
		let job: Job | null = null;
		try {
			job = await this.#parts.job(id);
			const way = job === null ? null : this.#parts.wayOf(job);
			if (job !== null && way !== null && isWanted(job)) await this.#copy(job, way);
			this.#done(id);
		} catch (error) {
			this.#again(id, job, error instanceof MediaFault ? error : new MediaFault('its job cannot be read'));
		}
	}

	async #copy(job: Job, { target, judge, mostBytes }: MediaWay): Promise<void> {
		const urls = await this.#parts.urls(job);
		if (urls === null) throw new MediaFault('its upstream gives no URL of it');
		for (const [at, url] of urls.entries()) {
			const name = nameOf(job.id, at);
			if ((await target.find(name)) !== null) continue;
			const media = await fetchMedia(url, { judge, mostBytes });
			try {
				await target.put(name, media);
			} finally {
				media.close();
			}
		}
	}

	#again(id: string, job: Job | null, fault: MediaFault): void {
		const tries = this.#tries.get(id) ?? 0;
		const pauseMs = (this.#parts.pausesMs ?? PAUSES_MS)[tries];
		const final = fault.final || pauseMs === undefined;
		if (job !== null && (final || tries === 0)) this.#parts.failed(job, fault.message, final);
		if (final) {
			this.#done(id);
			return;
		}
		this.#tries.set(id, tries + 1);
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			this.#waiting.push(id);
			this.#next();
		}, pauseMs);
		this.#timers.add(timer);
	}

	#done(id: string): void {
		this.#tries.delete(id);
		try {
			rmSync(join(this.#parts.folder, id), { force: true });
		} catch {
			// With a disk that is read-only: the next life looks at it once more.
		}
	}

	close(): void {
		this.#closed = true;
		for (const timer of this.#timers) clearTimeout(timer);
	}
}

const nameOf = (id: string, at: number): string => `${id}-${at}`;

/** Its end may be on its way to the store still. */
const isWanted = ({ state }: Job): boolean => state === 'succeeded' || state === 'submitted';

function opened(folder: string): ReturnType<typeof opendirSync> | null {
	try {
		return opendirSync(folder);
	} catch {
		return null;
	}
}
