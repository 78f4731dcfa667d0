/** `/v3/videos`: create, get, list, delete, statuses in bulk, batches. */
import { ApiError } from './api-error.ts';
import { batchView, createBatch, itemsOf } from './batches.ts';
import { type Answer, type Call, fieldsOf, missing, ok, param, type Route } from './call.ts';
import { checkRoom, createJob, deleteJob, type Wish } from './jobs.ts';
import { pageOf } from './paging.ts';
import { asObject, type Fields, idsOf, listOf, textOf, urlOf } from './reading.ts';
import type { Batch } from './records.ts';
import { bulkView, videoView } from './video-view.ts';
import { videoWish } from './video-wish.ts';
import type { Video } from './videos.ts';

/** Most ids of one question, and items of one batch. */
const MOST = 100;

export const VIDEO_ROUTES: readonly Route[] = [
	{
		method: 'POST',
		path: '/v3/videos',
		creates: true,
		handle: (call) => create(call, videoWish(call, fieldsOf(call))),
	},
	{ method: 'GET', path: '/v3/videos', handle: list },
	{ method: 'GET', path: '/v3/videos/statuses', handle: (call) => statuses(call, 'video', 'video_ids') },
	{ method: 'POST', path: '/v3/videos/batches', creates: true, handle: addBatch },
	{ method: 'GET', path: '/v3/videos/batches/:id', handle: (call) => getBatch(call, 'video') },
	{ method: 'GET', path: '/v3/videos/:id', handle: (call) => ok(videoView(call.world, ownVideo(call, 'video'))) },
	{ method: 'DELETE', path: '/v3/videos/:id', handle: (call) => remove(call, 'video') },
];

/** Makes one job, in the middle of the time that the call takes. */
export async function create(call: Call, wish: Wish): Promise<Answer> {
	checkRoom(call.world, call.account, { jobs: 1, queued: wish.queued });
	await call.takeTime(0.5);
	const video = createJob(call.world, wish);
	const answer = ok({ video_id: video.id, status: call.world.knobs.firstStatus, output_format: 'mp4' });
	call.settle(answer);
	await call.takeTime(0.5);
	return answer;
}

function list({ world, account, query }: Call): Answer {
	const [folder, title] = [query.get('folder_id'), query.get('title')];
	const items = ownVideos(world.videos.values(), account.name, 'video')
		.filter((video) => folder === null || video.folderId === folder)
		.filter((video) => title === null || (video.title ?? '').includes(title));
	const page = pageOf(items, query, { usual: 10, most: MOST, keyOf: ({ ordinal }) => ordinal });
	return { status: 200, body: { ...page, data: page.data.map((video) => videoView(world, video)) } };
}

/** Newest first. */
export function ownVideos(videos: Iterable<Video>, account: string, kind: Video['kind']): Video[] {
	return [...videos]
		.filter((video) => video.account === account && video.kind === kind && video.deletedAtMs === null)
		.reverse();
}

/** The video that the path names. Throws where it is not there, or another account's. */
export function ownVideo(call: Call, kind: Video['kind']): Video {
	const video = find(call, kind, param(call, 'id'));
	if (video === undefined) throw missing('video_not_found', kind);
	return video;
}

function find({ world, account }: Call, kind: Video['kind'], id: string): Video | undefined {
	const video = world.videos.get(id);
	return video?.account === account.name && video.kind === kind && video.deletedAtMs === null ? video : undefined;
}

export function remove(call: Call, kind: Video['kind']): Answer {
	const video = ownVideo(call, kind);
	deleteJob(call.world, video);
	return ok({ id: video.id, deleted: true });
}

/** `GET …/statuses`: of up to 100 jobs, those of batches among them. */
export function statuses(call: Call, kind: Video['kind'], idsParam: string): Answer {
	const [ids, batchIds] = [idsOf(call.query, idsParam), idsOf(call.query, 'batch_ids')];
	const tooMany = new ApiError('invalid_parameter', `'${idsParam}' and 'batch_ids' take 1 to ${MOST} ids.`, {
		param: idsParam,
	});
	if (ids.length + batchIds.length === 0 || ids.length + batchIds.length > MOST) throw tooMany;
	const data = ids.map((id) => {
		const video = find(call, kind, id);
		return video === undefined ? notFound({ video_id: id }) : bulkView(call.world, video);
	});
	for (const id of batchIds) {
		const batch = findBatch(call, kind, id);
		const items = batch === undefined ? [] : itemsOf(call.world, batch);
		data.push(
			...(batch === undefined ? [notFound({ batch_id: id })] : items.map((item) => ({ ...item, batch_id: id }))),
		);
	}
	if (data.length > MOST) throw tooMany;
	return { status: 200, body: { data, has_more: false, next_token: null } };
}

function notFound(ids: { video_id?: string; batch_id?: string }): object {
	return { video_id: null, batch_id: null, item_index: null, status: 'not_found', error: null, ...ids };
}

function addBatch(call: Call): Promise<Answer> {
	const fields = fieldsOf(call);
	const wishes = listOf(fields, 'videos', MOST).map((item, at) =>
		wishOrError(() => ({ ...videoWish(call, asObject(item, `videos[${at}]`)), identity: `${call.identity}/${at}` })),
	);
	return makeBatch(call, { kind: 'video', fields, wishes });
}

/** What is wrong with an item is told of that item. */
export function wishOrError(read: () => Wish): Wish | ApiError {
	try {
		return { ...read(), origin: 'batch' };
	} catch (error) {
		if (error instanceof ApiError) return error;
		throw error;
	}
}

interface BatchOrder {
	kind: Video['kind'];
	fields: Fields;
	wishes: (Wish | ApiError)[];
}

export async function makeBatch(call: Call, { kind, fields, wishes }: BatchOrder): Promise<Answer> {
	const { world, account } = call;
	const said = {
		kind,
		title: textOf(fields, 'title'),
		folderId: textOf(fields, 'folder_id', 100),
		callbackUrl: urlOf(fields, 'callback_url', { tls: world.knobs.httpsWebhooks }),
	};
	await call.takeTime(0.5);
	const batch = createBatch(world, { ...said, account, wishes });
	const answer = ok(batchView(world, batch), 202);
	call.settle(answer);
	await call.takeTime(0.5);
	return answer;
}

export function getBatch(call: Call, kind: Video['kind']): Answer {
	const batch = findBatch(call, kind, param(call, 'id'));
	if (batch === undefined) throw missing('not_found', 'batch');
	const page = pageOf(itemsOf(call.world, batch), call.query, {
		usual: MOST,
		most: MOST,
		keyOf: ({ item_index }) => item_index,
	});
	const { data: items, has_more, next_token } = page;
	return ok({ ...batchView(call.world, batch), items, has_more, next_token });
}

function findBatch({ world, account }: Call, kind: Video['kind'], id: string): Batch | undefined {
	const batch = world.batches.get(id);
	return batch?.account === account.name && batch.kind === kind ? batch : undefined;
}
