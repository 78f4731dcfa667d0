import type { Context } from '../context.ts';
import { Problem } from '../http/problem.ts';
import { newId } from '../store/ids.ts';
import type { Video } from '../store/videos.ts';
import { courseOf } from './durations.ts';

/** What a client sends to have a video made. */
export interface Order {
	title?: string | null;
	script: string;
	avatar_id: string;
	/** Default: the avatar's own voice. */
	voice_id?: string;
	aspect_ratio: string;
	resolution: string;
}

export const orderSchema = {
	type: 'object',
	required: ['avatar_id', 'script'],
	additionalProperties: false,
	properties: {
		title: { type: ['string', 'null'], maxLength: 200 },
		script: { type: 'string', minLength: 1, maxLength: 5000, pattern: '\\S' },
		avatar_id: { type: 'string', maxLength: 100 },
		voice_id: { type: 'string', maxLength: 100 },
		aspect_ratio: { enum: ['16:9', '9:16', '1:1'], default: '16:9' },
		resolution: { enum: ['720p', '1080p', '4k'], default: '1080p' },
	},
};

/**
 * Plans the video that an order asks for; it is not stored yet. Its rendering begins at once or after its time in the
 * queue. Throws a problem for an unknown avatar or voice.
 */
export function plan(context: Context, order: Order, { queued }: { queued: boolean }): Video {
	const { config, avatars, voices } = context;
	const avatar = avatars.get(order.avatar_id);
	if (!avatar) throw new Problem('avatar_not_found', `There is no avatar '${order.avatar_id}'.`);
	const voiceId = order.voice_id ?? avatar.default_voice_id;
	if (!voices.get(voiceId)) throw new Problem('voice_not_found', `There is no voice '${voiceId}'.`);

	const now = Date.now();
	const text = [avatar.id, voiceId, order.script].join('\n');
	const course = courseOf(text, { seed: config.renderSeed, failureRate: config.failureRate });
	const startsAt = now + (queued ? Math.round(course.queueMs / config.speed) : 0);
	return {
		id: newId('v', now),
		title: order.title ?? null,
		script: order.script,
		avatar_id: avatar.id,
		voice_id: voiceId,
		aspect_ratio: order.aspect_ratio,
		resolution: order.resolution,
		created_at: now,
		starts_at: startsAt,
		ends_at: startsAt + Math.round(course.renderMs / config.speed),
		outcome: course.outcome,
		cancelled_at: null,
	};
}
