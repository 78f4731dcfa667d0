/** What a client asks for when it creates: checks it, and says what job that is. */
import { ApiError } from './api-error.ts';
import type { Call } from './call.ts';
import { LOOKS, VOICES } from './catalogue.ts';
import type { Wish } from './jobs.ts';
import { asObject, type Fields, neededText, textOf, urlOf, wordOf } from './reading.ts';
import { spokenSeconds, statusAt } from './videos.ts';

/** Most characters of a script. */
const SCRIPT_CHARACTERS = 5000;
/** Seconds of what has no script. */
const UNSPOKEN_S = 10;

const TYPES = ['avatar', 'image', 'cinematic_avatar', 'studio'] as const;
const SIDES: Readonly<Record<string, number>> = { '720p': 720, '1080p': 1080, '4k': 2160 };
const RATIOS: Readonly<Record<string, number>> = {
	'16:9': 16 / 9,
	'9:16': 9 / 16,
	'4:5': 4 / 5,
	'5:4': 5 / 4,
	'1:1': 1,
};

/** Of a job, what its kind does not change. */
export function commonWish(call: Call, fields: Fields): Wish {
	return {
		account: call.account,
		kind: 'video',
		origin: 'v3',
		identity: call.identity,
		idempotencyKey: call.idempotencyKey,
		title: textOf(fields, 'title'),
		folderId: textOf(fields, 'folder_id', 100),
		callbackId: textOf(fields, 'callback_id'),
		callbackUrl: urlOf(fields, 'callback_url', { tls: call.world.knobs.httpsWebhooks }),
		outputLanguage: null,
		durationS: UNSPOKEN_S,
		width: 1280,
		height: 720,
		queued: false,
	};
}

/** The body of `POST /v3/videos`. */
export function videoWish(call: Call, fields: Fields): Wish {
	const type = wordOf(fields, 'type', TYPES);
	if (type === null) throw new ApiError('invalid_parameter', `'type' takes ${TYPES.join(', ')}.`, { param: 'type' });
	if (type === 'avatar' || type === 'cinematic_avatar') checkAvatar(neededText(fields, 'avatar_id'));
	if (type === 'image') checkSource(call, fields['image'], 'image');
	const script = readScript(fields);
	if (script === null && type !== 'studio') checkAudio(call, fields);
	const voice = textOf(fields, 'voice_id');
	if (voice !== null) checkVoice(voice);
	if (script !== null && voice === null && type === 'image')
		throw new ApiError('invalid_parameter', "'voice_id' is required with a script.", { param: 'voice_id' });
	const durationS = script === null ? UNSPOKEN_S : spokenSeconds(script);
	return { ...commonWish(call, fields), durationS, ...sizeOf(call, fields) };
}

function readScript(fields: Fields): string | null {
	const script = fields['script'];
	if (typeof script === 'string' && script.length > SCRIPT_CHARACTERS)
		throw new ApiError('invalid_parameter', `'script' takes at most ${SCRIPT_CHARACTERS} characters.`, {
			param: 'script',
		});
	return textOf(fields, 'script', SCRIPT_CHARACTERS);
}

function checkAudio(call: Call, fields: Fields): void {
	const url = urlOf(fields, 'audio_url');
	const asset = textOf(fields, 'audio_asset_id');
	if (url === null && asset === null)
		throw new ApiError('invalid_parameter', "'script', 'audio_url' or 'audio_asset_id' is required.", {
			param: 'script',
		});
	if (url !== null) checkDownload(url);
	if (asset !== null) checkAsset(call, asset);
}

function sizeOf(call: Call, fields: Fields): { width: number; height: number } {
	const side = SIDES[wordOf(fields, 'resolution', Object.keys(SIDES)) ?? '1080p'] as number;
	if (side > 1080 && call.account.plan === 'free')
		throw new ApiError('plan_upgrade_required', 'This plan has no 4k.', { param: 'resolution' });
	const ratio = wordOf(fields, 'aspect_ratio', [...Object.keys(RATIOS), 'auto']) ?? '16:9';
	return sizeFor(side, RATIOS[ratio] ?? 16 / 9);
}

function sizeFor(side: number, ratio: number): { width: number; height: number } {
	const even = (length: number): number => Math.round(length / 2) * 2;
	return ratio >= 1 ? { width: even(side * ratio), height: side } : { width: side, height: even(side / ratio) };
}

export function checkAvatar(id: string): void {
	const look = LOOKS.find((each) => each.id === id);
	if (look === undefined) throw new ApiError('avatar_not_found', 'There is no such avatar.', { param: 'avatar_id' });
	if (look.status === 'processing')
		throw new ApiError('resource_not_ready', 'The avatar is still in training.', { param: 'avatar_id' });
	if (look.ownership === 'private')
		throw new ApiError('resource_access_denied', 'The avatar belongs to another account.', { param: 'avatar_id' });
}

export function checkVoice(id: string): void {
	const voice = VOICES.find((each) => each.voice_id === id);
	if (voice === undefined) throw new ApiError('voice_not_found', 'There is no such voice.', { param: 'voice_id' });
	if (voice.type === 'private')
		throw new ApiError('voice_not_usable', 'The voice cannot be used through the API.', { param: 'voice_id' });
}

/** `{type: url | asset_id, …}`. A source that is a video of the account must be ready. */
export function checkSource(call: Call, value: unknown, param: string): void {
	const source = asObject(value, param);
	const type = wordOf(source, 'type', ['url', 'asset_id']);
	if (type === 'asset_id') checkAsset(call, neededText(source, 'asset_id'));
	else if (type === 'url') {
		const url = urlOf(source, 'url');
		if (url === null) throw new ApiError('invalid_parameter', "'url' is required.", { param: `${param}.url` });
		checkDownload(url);
		checkReady(call, url);
	} else throw new ApiError('invalid_parameter', `'${param}.type' takes url, asset_id.`, { param: `${param}.type` });
}

/** Nothing is downloaded; names under `.invalid` cannot be (RFC 6761). */
function checkDownload(url: string): void {
	if (new URL(url).hostname.endsWith('.invalid'))
		throw new ApiError('download_failed', 'The file could not be downloaded.', { param: 'url' });
}

function checkReady({ world, account }: Call, url: string): void {
	const video = world.videos.get(/\/_files\/video\/([^/]+)\.mp4/.exec(url)?.[1] ?? '');
	if (video?.account === account.name && statusAt(video, world.clock.now()) !== 'completed')
		throw new ApiError('resource_not_ready', 'The source video is still being made.', { param: 'url' });
}

function checkAsset({ world, account }: Call, id: string): void {
	if (world.assets.get(id)?.account !== account.name)
		throw new ApiError('asset_not_found', 'There is no such asset.', { param: 'asset_id' });
}
