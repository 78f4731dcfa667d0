import { spokenSeconds } from '../render/captions.ts';
import { type Status, stateAt } from '../render/timeline.ts';
import type { Video } from '../store/videos.ts';

/** A video as clients see it. */
export interface VideoAnswer {
	id: string;
	status: Status;
	/** Percent. */
	progress: number;
	title: string | null;
	avatar_id: string;
	voice_id: string;
	aspect_ratio: string;
	resolution: string;
	/** Seconds, once completed. */
	duration: number | null;
	captions_url: string | null;
	failure_code: string | null;
	created_at: string;
	completed_at: string | null;
}

export function videoAnswer(video: Video, now: number): VideoAnswer {
	const { status, progress } = stateAt(video, now);
	const completed = status === 'completed';
	return {
		id: video.id,
		status,
		progress,
		title: video.title,
		avatar_id: video.avatar_id,
		voice_id: video.voice_id,
		aspect_ratio: video.aspect_ratio,
		resolution: video.resolution,
		duration: completed ? spokenSeconds(video.script) : null,
		captions_url: completed ? `/v1/videos/${video.id}/captions.vtt` : null,
		failure_code: status === 'failed' ? 'render_failed' : null,
		created_at: new Date(video.created_at).toISOString(),
		completed_at: completed ? new Date(video.ends_at).toISOString() : null,
	};
}

const text = { type: 'string' };
const maybeText = { type: ['string', 'null'] };

export const videoSchema = {
	type: 'object',
	properties: {
		id: text,
		status: text,
		progress: { type: 'integer' },
		title: maybeText,
		avatar_id: text,
		voice_id: text,
		aspect_ratio: text,
		resolution: text,
		duration: { type: ['number', 'null'] },
		captions_url: maybeText,
		failure_code: maybeText,
		created_at: text,
		completed_at: maybeText,
	},
};

export const oneVideoSchema = { type: 'object', properties: { data: videoSchema } };
