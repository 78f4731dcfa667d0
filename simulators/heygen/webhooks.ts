/** Events: who is subscribed to them, the history, and what is sent to whom. */
import type { Account } from './accounts.ts';
import { happens, hex } from './chance.ts';
import type { Endpoint, Event } from './records.ts';
import type { Video } from './videos.ts';
import { deliver } from './webhook-sender.ts';
import type { World } from './world.ts';

const FAMILIES: Readonly<Record<string, string>> = {
	avatar_video: 'a video',
	avatar_video_gif: 'the GIF of a video',
	avatar_video_caption: 'the captions of a video',
	video_translate: 'a translation',
	video_agent: 'a video of the agent',
	instant_avatar: 'an instant avatar',
	photo_avatar_generation: 'a photo avatar',
	photo_avatar_train: 'the training of a photo avatar',
	photo_avatar_add_motion: 'the motion of a photo avatar',
	proofread_creation: 'a proofread',
	live_avatar: 'a live avatar',
	video_batch: 'a batch',
};

/** Each type of event, with what it says. */
export const EVENT_TYPES: readonly { event_type: string; description: string }[] = Object.entries(FAMILIES).flatMap(
	([family, what]) => [
		{ event_type: `${family}.success`, description: `Sent when ${what} is ready.` },
		{ event_type: `${family}.fail`, description: `Sent when ${what} has failed.` },
	],
);

/** Most events and deliveries that are remembered. */
const MOST_EVENTS = 20_000;

/** Keeps an event and sends it: to the endpoints of the account, and to the `callback_url` where there is one. */
export function emit(
	world: World,
	event: Omit<Event, 'eventId' | 'ordinal' | 'createdAtMs'>,
	callbackUrl: string | null,
): void {
	const ordinal = world.counts.events++;
	const kept: Event = {
		...event,
		eventId: world.id('evt', event.account, JSON.stringify(event.eventData), event.eventType),
		createdAtMs: world.clock.now(),
		ordinal,
	};
	if (happens(world.knobs.webhookUnsubscribedRate, world.seed, kept.eventId, 'unsubscribed')) return;
	world.events.put(kept.eventId, kept);
	world.events.keep(MOST_EVENTS);
	const enabled = endpointsOf(world, event.account).filter(({ status }) => status === 'enabled');
	for (const { endpointId, url, events } of enabled) {
		if (events === null || events.includes(event.eventType)) deliver(world, kept, { url, endpointId });
	}
	if (callbackUrl !== null) deliver(world, kept, { url: callbackUrl, endpointId: null });
}

export function endpointsOf(world: World, account: string): Endpoint[] {
	return [...world.endpoints.values()].filter((endpoint) => endpoint.account === account);
}

export function addEndpoint(
	world: World,
	account: Account,
	{ url, events }: { url: string; events: string[] | null },
): Endpoint {
	const ordinal = ++account.endpoints;
	world.accounts.put(account.name, account);
	const endpoint: Endpoint = {
		endpointId: world.id('ep', account.name, ordinal),
		account: account.name,
		url,
		events,
		status: 'enabled',
		createdAtMs: world.clock.now(),
		secret: newSecret(world, account.name, ordinal, 0),
		ordinal,
	};
	world.endpoints.put(endpoint.endpointId, endpoint);
	return endpoint;
}

export function newSecret(world: World, ...parts: (string | number)[]): string {
	return `whsec_${hex(48, world.seed, 'secret', ...parts)}`;
}

/** Tells of a job that has ended. */
export function tellOfEnd(world: World, video: Video): void {
	const family = video.kind === 'video' ? 'avatar_video' : 'video_translate';
	const { failureCode, failureMessage } = video.plan;
	const ids = video.kind === 'video' ? { video_id: video.id } : { video_translate_id: video.id };
	const data = failureCode === null ? successData(world, video) : failData(world, failureCode, failureMessage);
	emit(
		world,
		{
			account: video.account,
			eventType: `${family}.${failureCode === null ? 'success' : 'fail'}`,
			eventData: { ...ids, ...data, callback_id: video.callbackId },
		},
		video.callbackUrl,
	);
}

function successData(world: World, video: Video): Record<string, unknown> {
	const page = `${world.url}/_files/page/${video.id}`;
	return {
		// The race: the event comes before the file.
		url: video.plan.nullUrlMs > 0 ? null : world.signed(`/_files/video/${video.id}.mp4`),
		gif_download_url: null,
		video_page_url: page,
		video_share_page_url: page,
		folder_id: video.folderId,
	};
}

function failData(world: World, code: string, message: string | null): Record<string, unknown> {
	return world.knobs.failBody === 'msg'
		? { msg: message ?? code }
		: { failure_code: code, failure_message: message ?? code };
}
