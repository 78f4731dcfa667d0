import { setTimeout as sleep } from 'node:timers/promises';
import type { VideoTable } from '../store/videos.ts';
import { isFinal, type Moment, timelineOf } from './timeline.ts';

const lookAgainMs = 1000;

/**
 * The changes of a video's state as they happen: first the present state, or all since the one with that id, and so
 * on until the final one. Ends early when the video is deleted or the signal is set off.
 */
export async function* followVideo(
	videos: VideoTable,
	{ id, lastId, signal }: { id: string; lastId: number; signal: AbortSignal },
): AsyncGenerator<Moment, void> {
	let seen = lastId;
	for (;;) {
		// Read anew each time: another process may have cancelled or deleted it.
		const video = videos.get(id);
		if (!video) return;
		const now = Date.now();
		const moments = timelineOf(video);
		const happened = moments.filter((moment) => moment.at <= now && moment.id > seen);
		for (const moment of seen === 0 ? happened.slice(-1) : happened) {
			yield moment;
			seen = moment.id;
			if (isFinal(moment.status)) return;
		}
		const next = moments.find((moment) => moment.at > now);
		if (!next) return;
		const waitMs = Math.min(lookAgainMs, Math.max(1, next.at - now));
		await sleep(waitMs, undefined, { signal }).catch(() => undefined);
		if (signal.aborted) return;
	}
}
