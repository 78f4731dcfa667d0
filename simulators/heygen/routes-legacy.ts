/** v1 and v2: what was before v3. More jobs than the account may have at a time wait, and are not refused. */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { ApiError } from './api-error.ts';
import { type Answer, type Call, fieldsOf, missing, type Route } from './call.ts';
import { LOOKS, VOICES } from './catalogue.ts';
import { createJob } from './jobs.ts';
import { asObject, type Fields, listOf, neededText } from './reading.ts';
import { neededUrl, ownEndpoint, readEvents } from './routes-webhooks.ts';
import { pageOf } from './video-view.ts';
import { checkAvatar, checkVoice, commonWish } from './video-wish.ts';
import { isReady, spokenSeconds, statusAt } from './videos.ts';
import { addEndpoint, endpointsOf } from './webhooks.ts';

export const LEGACY_ROUTES: readonly Route[] = [
	{ method: 'POST', path: '/v2/video/generate', creates: true, handle: generate },
	{ method: 'GET', path: '/v1/video_status.get', handle: status },
	{ method: 'GET', path: '/v2/avatars', handle: listAvatars },
	{ method: 'GET', path: '/v2/voices', handle: listVoices },
	{ method: 'GET', path: '/v2/user/remaining_quota', handle: quota },
	{ method: 'POST', path: '/v1/webhook/endpoint.add', handle: add },
	{ method: 'GET', path: '/v1/webhook/endpoint.list', handle: list },
	{ method: 'DELETE', path: '/v1/webhook/endpoint.delete', handle: remove },
];

/** All answers of v1 and v2 say when they end (RFC 9745 came later, so `true`; RFC 8594). */
export const LEGACY_HEADERS: Readonly<Record<string, string>> = {
	deprecation: 'true',
	sunset: 'Sat, 31 Oct 2026 23:59:59 GMT',
};

/** A receiver must answer OPTIONS within a second, a real one, before it is taken. */
const OPTIONS_MS = 1000;
const SCRIPT_CHARACTERS = 5000;
const MOST_SCENES = 50;

const v1 = (data: unknown, message = 'Success'): Answer => ({ status: 200, body: { code: 100, data, message } });
const v2 = (data: unknown): Answer => ({ status: 200, body: { error: null, data } });

async function generate(call: Call): Promise<Answer> {
	const fields = fieldsOf(call);
	const script = listOf(fields, 'video_inputs', MOST_SCENES).map(readScene).join(' ');
	const wish = commonWish(call, fields);
	const size = sizeOf(fields);
	await call.takeTime(0.5);
	const durationS = spokenSeconds(script);
	const { id } = createJob(call.world, { ...wish, origin: 'legacy', queued: true, durationS, ...size });
	const answer = v2({ video_id: id });
	call.settle(answer);
	await call.takeTime(0.5);
	return answer;
}

/** What a scene says. */
function readScene(value: unknown, at: number): string {
	const scene = asObject(value, `video_inputs[${at}]`);
	const character = asObject(scene['character'], 'character');
	if (character['type'] === 'avatar') checkAvatar(neededText(character, 'avatar_id'));
	const voice = asObject(scene['voice'], 'voice');
	if (voice['type'] !== 'text') return '';
	checkVoice(neededText(voice, 'voice_id'));
	return neededText(voice, 'input_text', SCRIPT_CHARACTERS);
}

function sizeOf(fields: Fields): { width: number; height: number } {
	const dimension = fields['dimension'] === undefined ? {} : asObject(fields['dimension'], 'dimension');
	const side = (name: string, whole: number): number => {
		const value = dimension[name] ?? whole;
		if (Number.isInteger(value) && (value as number) >= 128 && (value as number) <= 4096) return value as number;
		throw new ApiError('invalid_parameter', `'dimension.${name}' takes 128 to 4096.`, { param: 'dimension' });
	};
	const even = (length: number): number => length - (length % 2);
	return { width: even(side('width', 1280)), height: even(side('height', 720)) };
}

function status(call: Call): Answer {
	const { world, account, query } = call;
	const video = world.videos.get(query.get('video_id') ?? '');
	if (video?.account !== account.name || video.deletedAtMs !== null) throw missing('video_not_found', 'video');
	const now = world.clock.now();
	const ready = isReady(video, now);
	const word = statusAt(video, now);
	const { failureCode: code, failureMessage: message } = video.plan;
	return v1({
		id: video.id,
		status: word,
		video_url: ready ? world.signed(`/_files/video/${video.id}.mp4`) : null,
		thumbnail_url: ready ? world.signed(`/_files/thumbnail/${video.id}.png`) : null,
		gif_url: null,
		caption_url: null,
		duration: word === 'completed' ? video.durationS : null,
		callback_id: video.callbackId,
		created_at: Math.floor(video.createdAtMs / 1000),
		video_page_url: pageOf(world, video),
		error: word === 'failed' ? { code, message, detail: message } : null,
	});
}

function listAvatars({ world }: Call): Answer {
	const avatars = LOOKS.filter(({ ownership }) => ownership === 'public').map(({ id, name, gender }) => ({
		avatar_id: id,
		avatar_name: name,
		gender,
		preview_image_url: `${world.url}/_files/preview/${id}.png`,
		preview_video_url: null,
	}));
	return v2({ avatars, talking_photos: [] });
}

function listVoices(): Answer {
	const voices = VOICES.filter(({ type }) => type === 'public').map(
		({ voice_id, name, language, gender, support_pause }) => ({
			voice_id,
			name,
			language,
			gender,
			preview_audio: null,
			support_pause,
		}),
	);
	return v2({ voices });
}

/** A credit is 60 of the quota. */
function quota({ account, world }: Call): Answer {
	const { billing, balanceUsd, credits } = account;
	const seconds =
		billing === 'wallet' ? Math.floor(balanceUsd / Math.max(world.knobs.pricePerSecondUsd, 0.001)) : credits;
	return v2({ remaining_quota: seconds, details: { api: seconds } });
}

async function add(call: Call): Promise<Answer> {
	const fields = fieldsOf(call);
	const url = neededUrl(call, fields);
	const events = readEvents(fields);
	if (!(await answersOptions(url)))
		throw new ApiError('invalid_parameter', 'The URL did not answer OPTIONS within a second.', { param: 'url' });
	const { endpointId, createdAtMs, secret } = addEndpoint(call.world, call.account, { url, events });
	const created_at = Math.floor(createdAtMs / 1000);
	return v1({ endpoint_id: endpointId, url, events, status: 'enabled', secret, created_at });
}

function answersOptions(url: string): Promise<boolean> {
	return new Promise((resolve) => {
		const send = url.startsWith('https:') ? requestTls : requestPlain;
		const signal = AbortSignal.timeout(OPTIONS_MS);
		const request = send(url, { method: 'OPTIONS', signal, agent: false }, (answer) => {
			answer.on('error', () => {}).resume();
			resolve((answer.statusCode ?? 500) < 400);
		});
		request.on('error', () => resolve(false));
		request.end();
	});
}

function list({ world, account }: Call): Answer {
	return v1(
		endpointsOf(world, account.name).map(({ endpointId, url, events, status: state, secret, createdAtMs }) => ({
			endpoint_id: endpointId,
			url,
			events,
			status: state,
			secret,
			created_at: Math.floor(createdAtMs / 1000),
		})),
	);
}

function remove(call: Call): Answer {
	const { endpointId } = ownEndpoint(call, call.query.get('endpoint_id') ?? '');
	call.world.endpoints.drop(endpointId);
	return v1(null);
}
