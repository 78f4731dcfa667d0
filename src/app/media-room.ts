import { splitIds } from '../jobs/external/external-ids.ts';
import type { ResultPolicy } from '../jobs/external/external-policy.ts';
import type { Job } from '../jobs/job.ts';
import { DiskTarget } from '../jobs/media/disk-target.ts';
import { MediaCopies, type MediaWay } from '../jobs/media/media-copies.ts';
import type { FoundMedia, MediaPolicy } from '../jobs/media/media-policy.ts';
import { S3Target } from '../jobs/media/s3-target.ts';
import type { StoreKey } from '../jobs/sealing/store-keys.ts';
import { WebhookJudge } from '../jobs/webhooks/webhook-rules.ts';

/** Between two looks through folders of copies, ms. */
const SWEEP_MS = 60_000;

export interface MediaRoomParts {
	/** What is still to be copied is noted here. */
	folder: string;
	job(id: string): Promise<Job | null>;
	resultOf(job: Job): ResultPolicy | null;
	/** As the upstream gives them now; null: it gives none. */
	urls(job: Job): Promise<readonly string[] | null>;
	failed(job: Job, why: string, final: boolean): void;
	/** By which copies in folders are sealed; none: they lie in the clear. */
	keys(): readonly StoreKey[];
}

/** Copies of a job's files, and where their URLs stand in its result. */
export interface JobMedia {
	pointer: string;
	found: (FoundMedia | null)[];
}

/** The jobs thread's copies of what came of jobs: a way for each place that the configuration names. */
export class MediaRoom {
	readonly #parts: MediaRoomParts;
	readonly #copies: MediaCopies;
	#ways = new Map<string, MediaWay>();
	#sweptMs = Number.NEGATIVE_INFINITY;
	#started = false;

	constructor(parts: MediaRoomParts) {
		this.#parts = parts;
		this.#copies = new MediaCopies({
			folder: parts.folder,
			job: parts.job,
			wayOf: (job) => this.#wayOf(job),
			urls: parts.urls,
			failed: parts.failed,
		});
	}

	configure(policies: readonly MediaPolicy[]): void {
		const before = this.#ways;
		this.#ways = new Map();
		for (const policy of policies) {
			const key = JSON.stringify(policy);
			this.#ways.set(key, before.get(key) ?? wayBy(policy, this.#parts.keys));
		}
		if (policies.length === 0 || this.#started) return;
		this.#started = true;
		this.#copies.start();
	}

	#wayOf(job: Job): MediaWay | null {
		const media = this.#parts.resultOf(job)?.media ?? null;
		return media === null ? null : (this.#ways.get(JSON.stringify(media)) ?? null);
	}

	/** Its result is there. */
	wanted(job: Job): void {
		this.#copies.wanted(job);
	}

	/** null: nothing of it is copied. */
	async of(job: Job | null): Promise<JobMedia | null> {
		const pointer = job === null ? null : (this.#parts.resultOf(job)?.ready ?? null);
		if (job === null || pointer === null || job.state !== 'succeeded') return null;
		const found = await this.#copies.found(job, splitIds(job.externalId).length);
		return found.some((one) => one !== null) ? { pointer, found } : null;
	}

	async sweep(nowMs: number): Promise<void> {
		if (nowMs - this.#sweptMs < SWEEP_MS) return;
		this.#sweptMs = nowMs;
		for (const { target } of this.#ways.values()) await target.sweep(nowMs);
	}

	close(): void {
		this.#copies.close();
	}
}

function wayBy(policy: MediaPolicy, keys: () => readonly StoreKey[]): MediaWay {
	const { to, mostBytes, rules } = policy;
	const target = to.kind === 'disk' ? new DiskTarget(to.folder, policy, keys) : new S3Target(to);
	return { target, judge: new WebhookJudge(rules), mostBytes };
}
