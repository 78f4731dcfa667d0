/** Batches: up to 100 jobs that wait for slots one after the other. */
import type { Account } from './accounts.ts';
import { ApiError } from './api-error.ts';
import { createJob, type Wish } from './jobs.ts';
import type { Batch, Failure } from './records.ts';
import { type Status, statusAt, type Video } from './videos.ts';
import { emit } from './webhooks.ts';
import type { World } from './world.ts';

export type ItemStatus = 'queued' | 'processing' | 'completed' | 'failed';

/** Words of videos in those of batches. */
export const ITEM_STATUS: Readonly<Record<Status, ItemStatus>> = {
	waiting: 'queued',
	pending: 'queued',
	processing: 'processing',
	completed: 'completed',
	failed: 'failed',
};

export interface Item {
	item_index: number;
	/** null: not created yet, because it waits for a slot, or never. */
	video_id: string | null;
	status: ItemStatus;
	error: Failure | null;
}

type Order = Pick<Batch, 'kind' | 'title' | 'folderId' | 'callbackUrl'> & {
	account: Account;
	/** Each what it asks for, or why it cannot be. */
	wishes: (Wish | ApiError)[];
};

/** Takes a batch; an item that is wrong fails alone. */
export function createBatch(world: World, { account, wishes, ...said }: Order): Batch {
	const batchId = world.id('btch', account.name, ++account.batches);
	const items = wishes.map((wish, batchIndex) => {
		try {
			if (wish instanceof ApiError) throw wish;
			const video = createJob(world, { ...wish, batchId, batchIndex, queued: true });
			return { videoId: video.id, error: null };
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			return { videoId: null, error: { code: error.code, message: error.message } };
		}
	});
	const batch: Batch = {
		...said,
		batchId,
		account: account.name,
		createdAtMs: world.clock.now(),
		items,
		told: false,
	};
	world.batches.put(batchId, batch);
	world.accounts.put(account.name, account);
	return batch;
}

export function itemsOf(world: World, batch: Batch): Item[] {
	const now = world.clock.now();
	return batch.items.map(({ videoId, error }, item_index) => {
		const video = videoId === null ? undefined : world.videos.get(videoId);
		if (video === undefined) return { item_index, video_id: null, status: 'failed', error };
		const status = ITEM_STATUS[statusAt(video, now)];
		const { failureCode: code, failureMessage: message } = video.plan;
		return {
			item_index,
			video_id: now < video.startAtMs ? null : video.id,
			status,
			error: status === 'failed' && code !== null ? { code, message: message ?? code } : null,
		};
	});
}

/** Tells once of a batch whose last job has ended. */
export function tellOfBatch(world: World, video: Video): void {
	const batch = video.batchId === null ? undefined : world.batches.get(video.batchId);
	if (batch === undefined || batch.told) return;
	const counts = countsOf(itemsOf(world, batch));
	if ((counts.queued ?? 0) + (counts.processing ?? 0) > 0) return;
	batch.told = true;
	world.batches.put(batch.batchId, batch);
	const { account, batchId, callbackUrl } = batch;
	if (callbackUrl === null) return;
	const eventData = { batch_id: batchId, total_items: batch.items.length, counts_by_status: counts };
	emit(world, { account, eventType: `video_batch.${counts.completed ? 'success' : 'fail'}`, eventData }, callbackUrl);
}

export function countsOf(items: readonly Item[]): Partial<Record<ItemStatus, number>> {
	const counts: Partial<Record<ItemStatus, number>> = {};
	for (const { status } of items) counts[status] = (counts[status] ?? 0) + 1;
	return counts;
}

/** `data` of a batch, without its items. */
export function batchView(world: World, batch: Batch): object {
	const counts = countsOf(itemsOf(world, batch));
	const unfinished = (counts.queued ?? 0) + (counts.processing ?? 0);
	return {
		batch_id: batch.batchId,
		status: unfinished > 0 ? 'processing' : counts.completed ? 'completed' : 'failed',
		title: batch.title,
		total_items: batch.items.length,
		counts_by_status: counts,
		created_at: Math.floor(batch.createdAtMs / 1000),
	};
}
