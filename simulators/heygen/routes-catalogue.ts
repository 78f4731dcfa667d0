/** Avatars and their looks, voices, templates, assets, the account itself. */
import { userOf } from './accounts.ts';
import { ApiError } from './api-error.ts';
import { ASSET_BYTES, addAsset, sniff } from './assets.ts';
import { type Answer, type Call, fieldsOf, missing, ok, param, type Route } from './call.ts';
import { LOOKS, type Look, TEMPLATES, type Template, VOICES } from './catalogue.ts';
import { fileOf } from './multipart.ts';
import { pageOf } from './paging.ts';
import { asObject, textOf } from './reading.ts';
import type { Asset } from './records.ts';
import { create } from './routes-videos.ts';
import { commonWish } from './video-wish.ts';
import { spokenSeconds } from './videos.ts';
import type { World } from './world.ts';

/** The multipart frame around a file. */
const FRAME_BYTES = 64 * 1024;

export const CATALOGUE_ROUTES: readonly Route[] = [
	{ method: 'GET', path: '/v3/avatars', handle: listAvatars },
	{ method: 'GET', path: '/v3/avatars/looks', handle: listLooks },
	{ method: 'GET', path: '/v3/avatars/looks/:id', handle: getLook },
	{ method: 'GET', path: '/v3/avatars/:id', handle: getAvatar },
	{ method: 'GET', path: '/v3/voices', handle: listVoices },
	{ method: 'GET', path: '/v3/templates', handle: listTemplates },
	{ method: 'GET', path: '/v3/templates/:id', handle: (call) => ok(templateView(call.world, ownTemplate(call))) },
	{ method: 'POST', path: '/v3/templates/:id', creates: true, handle: useTemplate },
	{ method: 'POST', path: '/v3/assets', maxBytes: ASSET_BYTES + FRAME_BYTES, handle: upload },
	{ method: 'GET', path: '/v3/assets/:id', handle: getAsset },
	{ method: 'GET', path: '/v3/users/me', handle: me },
];

const preview = (world: World, id: string): string => `${world.url}/_files/preview/${id}.png`;

function avatars(world: World): { id: string }[] {
	const groups = new Map<string, Look[]>();
	for (const look of LOOKS) {
		if (look.ownership === 'public') groups.set(look.group_id, [...(groups.get(look.group_id) ?? []), look]);
	}
	return [...groups].map(([id, looks]) => {
		const { name, gender, default_voice_id } = looks[0] as Look;
		const pictures = { preview_image_url: preview(world, id), preview_video_url: null };
		return { id, name: name.split(',')[0], gender, ...pictures, default_voice_id, looks_count: looks.length };
	});
}

function listAvatars({ world, query }: Call): Answer {
	return { status: 200, body: pageOf(avatars(world), query, { usual: 20, most: 50, keyOf: ({ id }) => id }) };
}

function getAvatar(call: Call): Answer {
	const avatar = avatars(call.world).find(({ id }) => id === param(call, 'id'));
	if (avatar === undefined) throw new ApiError('avatar_not_found', 'There is no such avatar.');
	return ok(avatar);
}

const lookView = (world: World, { ownership: _, ...look }: Look): object => ({
	...look,
	preview_image_url: preview(world, look.id),
	preview_video_url: null,
});

function listLooks({ world, query }: Call): Answer {
	const wanted = (name: 'group_id' | 'avatar_type' | 'ownership', look: Look): boolean =>
		query.get(name) === null || query.get(name) === look[name];
	const looks = LOOKS.filter(
		(look) =>
			look.id !== 'avatar_of_others' &&
			(['group_id', 'avatar_type', 'ownership'] as const).every((name) => wanted(name, look)),
	);
	const page = pageOf(looks, query, { usual: 20, most: 50, keyOf: ({ id }) => id });
	return { status: 200, body: { ...page, data: page.data.map((look) => lookView(world, look)) } };
}

function getLook(call: Call): Answer {
	const look = LOOKS.find(({ id }) => id === param(call, 'id') && id !== 'avatar_of_others');
	if (look === undefined) throw new ApiError('avatar_not_found', 'There is no such look.');
	return ok(lookView(call.world, look));
}

function listVoices({ query }: Call): Answer {
	const voices = VOICES.filter(
		({ type, language, gender }) =>
			type === (query.get('type') ?? 'public') &&
			(query.get('language') ?? language) === language &&
			(query.get('gender') ?? gender) === gender,
	);
	return { status: 200, body: pageOf(voices, query, { usual: 20, most: 100, keyOf: ({ voice_id }) => voice_id }) };
}

const templateView = (world: World, template: Template): object => ({
	...template,
	thumbnail_image_url: preview(world, template.template_id),
});

function ownTemplate(call: Call): Template {
	const template = TEMPLATES.find(({ template_id }) => template_id === param(call, 'id'));
	if (template === undefined) throw missing('not_found', 'template');
	return template;
}

function listTemplates({ world, query }: Call): Answer {
	const page = pageOf(TEMPLATES, query, { usual: 20, most: 100, keyOf: ({ template_id }) => template_id });
	return { status: 200, body: { ...page, data: page.data.map((template) => templateView(world, template)) } };
}

/** A video of a template; its variables are what it says. */
function useTemplate(call: Call): Promise<Answer> {
	const template = ownTemplate(call);
	const fields = fieldsOf(call);
	const variables = fields['variables'] === undefined ? {} : asObject(fields['variables'], 'variables');
	for (const name of Object.keys(variables)) {
		if (!template.variables.some((variable) => variable.name === name))
			throw new ApiError('invalid_parameter', 'The template has no such variable.', { param: 'variables' });
	}
	const said = template.variables.map(({ name }) => textOf(variables, name, 5000) ?? '').join(' ');
	const size = template.aspect_ratio === '16:9' ? { width: 1280, height: 720 } : { width: 720, height: 1280 };
	return create(call, { ...commonWish(call, fields), durationS: spokenSeconds(said), ...size });
}

function upload(call: Call): Answer {
	const { world, account, headers, body } = call;
	const { name, bytes } = fileOf(body, String(headers['content-type'] ?? ''));
	const tooLarge = new ApiError('invalid_parameter', 'A file has at most 32 MB.', { param: 'file', status: 413 });
	if (bytes.length > ASSET_BYTES) throw tooLarge;
	const type = sniff(bytes)?.type;
	if (type === undefined)
		throw new ApiError('invalid_parameter', 'A file is png, jpeg, mp4, webm, mp3, wav or pdf.', { param: 'file' });
	return ok(assetView(world, addAsset(world, account, { bytes, name, type })));
}

export function assetView(world: World, { assetId, mimeType, sizeBytes }: Asset): object {
	const url = `${world.url}/_files/asset/${assetId}`;
	return { asset_id: assetId, url, mime_type: mimeType, size_bytes: sizeBytes };
}

function getAsset(call: Call): Answer {
	const asset = call.world.assets.get(param(call, 'id'));
	if (asset?.account !== call.account.name) throw missing('asset_not_found', 'asset');
	return ok(assetView(call.world, asset));
}

/** Credits come back on the first of the next month. */
function me({ world, account }: Call): Answer {
	const now = new Date(world.clock.now());
	const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
	return ok(userOf(account, next.toISOString()));
}
