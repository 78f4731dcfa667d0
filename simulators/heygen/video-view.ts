/** Videos as v3 shows them. */
import { ITEM_STATUS } from './batches.ts';
import { isReady, type Status, statusAt, type Video } from './videos.ts';
import type { World } from './world.ts';

const TRANSLATION_WORDS: Readonly<Record<Status, string>> = {
	waiting: 'pending',
	pending: 'pending',
	processing: 'running',
	completed: 'completed',
	failed: 'failed',
};

/** A video. Its URLs are signed anew each time. */
export function videoView(world: World, video: Video): object {
	return { ...common(world, video), video_page_url: pageOf(world, video) };
}

export function translationView(world: World, video: Video): object {
	return { ...common(world, video), input_language: null };
}

function common(world: World, video: Video): object {
	const now = world.clock.now();
	const ended = now >= video.endAtMs;
	const { failureCode, failureMessage } = video.plan;
	const ready = isReady(video, now);
	const completed = ended && failureCode === null;
	return {
		id: video.id,
		status: wordOf(world, video, now),
		title: video.title,
		video_url: ready ? world.signed(`/_files/video/${video.id}.mp4`) : null,
		thumbnail_url: ready ? world.signed(`/_files/thumbnail/${video.id}.png`) : null,
		gif_url: null,
		captioned_video_url: null,
		subtitle_url: null,
		duration: completed ? video.durationS : null,
		created_at: Math.floor(video.createdAtMs / 1000),
		completed_at: completed ? Math.floor(video.endAtMs / 1000) : null,
		failure_code: ended ? failureCode : null,
		failure_message: ended ? failureMessage : null,
		folder_id: video.folderId,
		output_language: video.outputLanguage,
	};
}

/** Translations have their own words; a video without a slot has the word of a new one. */
function wordOf(world: World, video: Video, nowMs: number): string {
	const status = statusAt(video, nowMs);
	if (video.kind === 'translation') return TRANSLATION_WORDS[status];
	return status === 'waiting' ? world.knobs.firstStatus : status;
}

export function pageOf(world: World, video: Video): string {
	return `${world.url}/_files/page/${video.id}`;
}

/** One line of the bulk statuses. */
export function bulkView(world: World, video: Video): object {
	const now = world.clock.now();
	const status = statusAt(video, now);
	const { failureCode: code, failureMessage: message } = video.plan;
	return {
		video_id: video.id,
		batch_id: null,
		item_index: null,
		status: world.knobs.bulkWords === 'batch' ? ITEM_STATUS[status] : wordOf(world, video, now),
		error: status === 'failed' ? { code, message } : null,
	};
}
