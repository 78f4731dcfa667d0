/** `/v3/video-translations`: one job for each language. */
import { ApiError } from './api-error.ts';
import { type Answer, type Call, fieldsOf, ok, type Route } from './call.ts';
import { LANGUAGES } from './catalogue.ts';
import { checkRoom, createJobs, type Wish } from './jobs.ts';
import { pageOf } from './paging.ts';
import { asObject, type Fields, listOf, wordOf } from './reading.ts';
import { getBatch, makeBatch, ownVideo, ownVideos, remove, statuses, wishOrError } from './routes-videos.ts';
import { translationView } from './video-view.ts';
import { checkSource, commonWish } from './video-wish.ts';

const MOST = 100;

export const TRANSLATION_ROUTES: readonly Route[] = [
	{ method: 'POST', path: '/v3/video-translations', creates: true, handle: create },
	{ method: 'GET', path: '/v3/video-translations', handle: list },
	{
		method: 'GET',
		path: '/v3/video-translations/statuses',
		handle: (call) => statuses(call, 'translation', 'video_translation_ids'),
	},
	{ method: 'GET', path: '/v3/video-translations/languages', handle: () => ok({ languages: LANGUAGES }) },
	{ method: 'POST', path: '/v3/video-translations/batches', creates: true, handle: addBatch },
	{ method: 'GET', path: '/v3/video-translations/batches/:id', handle: (call) => getBatch(call, 'translation') },
	{
		method: 'GET',
		path: '/v3/video-translations/:id',
		handle: (call) => ok(translationView(call.world, ownVideo(call, 'translation'))),
	},
	{ method: 'DELETE', path: '/v3/video-translations/:id', handle: (call) => remove(call, 'translation') },
];

/** All languages or none. */
async function create(call: Call): Promise<Answer> {
	const { world, account } = call;
	const wishes = wishesOf(call, fieldsOf(call));
	checkRoom(world, account, { jobs: wishes.length, queued: false });
	await call.takeTime(0.5);
	const ids = createJobs(world, wishes as [Wish, ...Wish[]]).map(({ id }) => id);
	const answer = ok({ video_translation_ids: ids });
	call.settle(answer);
	await call.takeTime(0.5);
	return answer;
}

function wishesOf(call: Call, fields: Fields): Wish[] {
	checkSource(call, fields['video'], 'video');
	wordOf(fields, 'mode', ['speed', 'precision']);
	const common = { ...commonWish(call, fields), kind: 'translation' as const, durationS: 30 };
	return listOf(fields, 'output_languages', MOST).map((language, at) => {
		if (typeof language !== 'string' || !LANGUAGES.includes(language))
			throw new ApiError(
				'invalid_parameter',
				`'output_languages' takes what GET /v3/video-translations/languages lists.`,
				{
					param: 'output_languages',
				},
			);
		return { ...common, outputLanguage: language, identity: `${call.identity}/${at}` };
	});
}

function list({ world, account, query }: Call): Answer {
	const items = ownVideos(world.videos.values(), account.name, 'translation');
	const page = pageOf(items, query, { usual: 10, most: MOST, keyOf: ({ ordinal }) => ordinal });
	return { status: 200, body: { ...page, data: page.data.map((video) => translationView(world, video)) } };
}

/** An item of several languages becomes one for each. */
function addBatch(call: Call): Promise<Answer> {
	const fields = fieldsOf(call);
	const wishes = listOf(fields, 'video_translations', MOST).flatMap((item, at) => {
		const identity = `${call.identity}/${at}`;
		try {
			return wishesOf({ ...call, identity }, asObject(item, `video_translations[${at}]`)).map((wish) =>
				wishOrError(() => wish),
			);
		} catch (error) {
			if (error instanceof ApiError) return [error];
			throw error;
		}
	});
	if (wishes.length > MOST)
		throw new ApiError('invalid_parameter', `A batch takes at most ${MOST} items, one for each language.`, {
			param: 'video_translations',
		});
	return makeBatch(call, { kind: 'translation', fields, wishes });
}
