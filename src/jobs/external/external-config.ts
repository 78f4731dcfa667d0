/** What a person writes of upstreams that are asynchronous themselves. */
import { z } from 'zod';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	map,
	object,
	oneOf,
	reference,
	required,
	text,
	valueOrReference,
} from '../../core/schema.ts';
import { mediaOrOff } from '../media/media-config.ts';
import { isPointer } from './json-pointer.ts';

const YEAR = 366 * 86_400_000;
const off = z.literal(['off', false], { error: 'expected off' });
const POINTER = 'a JSON pointer such as /data/id';
const pointer = text(POINTER, (value) =>
	isPointer(value) && value.length <= 200 ? undefined : `expected ${POINTER}: names, each behind a slash`,
);
const pathWith = (part: string, example: string) =>
	text(`a path such as ${example}`, (value) =>
		/^\/[\x21-\x7e]{0,499}$/.test(value) && (part === '' || new RegExp(part).test(value))
			? undefined
			: `expected a path such as ${example}`,
	);
const word = text('a word', (value) => (value.length > 0 && value.length <= 100 ? undefined : 'expected a word'));
const words = list(word, 'words');
const fieldName = text('the name of a header field', (value) =>
	/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value) ? undefined : 'expected the name of a header field',
);
const queryName = text('the name of a field of the query', (value) =>
	/^[A-Za-z0-9_.~-]{1,64}$/.test(value) ? undefined : 'expected the name of a field of the query',
);
const secrets = oneOf(
	[reference, list(reference, 'references')],
	'`{ env: NAME }`, `{ file: ./path }`, or a list of them',
);

const statusSchema = object({
	path: key(
		pathWith('\\{ids?\\}', '/videos/{id}'),
		'Path of the question: with `{id}` for one job, with `{ids}` for several with commas.',
		{
			example: '/videos/statuses?ids={ids}',
		},
	),
	most: key(integer(1, 1000), 'Most ids of one question, with `{ids}`.', { default: 100, example: 50 }),
	items: key(pointer, 'The list of jobs in the answer.', {
		defaultText: 'the answer is about one job',
		example: '/data',
	}),
	id: key(pointer, "Within an item: the job's id.", { default: '/id', example: '/video_id' }),
	state: key(pointer, 'Within an item: the word for its state.', { example: '/status' }),
	code: key(pointer, 'Within an item: the code of its error.', { defaultText: 'none', example: '/error/code' }),
	message: key(pointer, 'Within an item: what its error means.', { defaultText: 'none', example: '/error/message' }),
	progress: key(pointer, 'Within an item: a number from 0 to 100.', { defaultText: 'none', example: '/progress' }),
	done: key(words, 'Words for a job that has succeeded. What is in none of these lists goes on.', {
		example: ['completed'],
	}),
	failed: key(words, 'Words for a job that has failed.', { example: ['failed'] }),
	unknown: key(
		words,
		'Words by which the upstream says that it knows no such job; after five in a row a person is asked.',
		{
			defaultText: 'none',
			example: ['not_found'],
		},
	),
});

const pollSchema = object({
	steps: key(
		list(
			object({
				until: key(duration(1, YEAR), 'Up to this age of a job.', { defaultText: 'for ever', example: '2m' }),
				every: required(duration(1, YEAR), 'How often is asked.', { example: '10s' }),
			}),
			'steps',
		),
		'How often the upstream is asked, by the age of the job.',
		{
			default: [{ until: '2m', every: '10s' }, { until: '5m', every: '30s' }, { every: '60s' }],
			example: [{ until: '1m', every: '5s' }, { every: '60s' }],
		},
	),
	heard: key(duration(0, YEAR), 'While webhooks come (one within the last ten minutes), not more often than this.', {
		default: '2m',
		example: '5m',
	}),
});

const resultSchema = object({
	path: key(pathWith('\\{id\\}', '/videos/{id}'), 'Path of the result, with `{id}`.', { example: '/videos/{id}' }),
	ready: key(pointer, 'What is null in the answer until the result is really there.', {
		defaultText: 'nothing is waited for',
		example: '/data/video_url',
	}),
	media: key(
		mediaOrOff,
		'Where the file is copied to whose URL `ready` leads to, for as long as the API does not keep it. The result has our own URL of it then: that of the job, `/media` behind it.',
		{ default: 'off', example: { to: './films' } },
	),
	wait: key(duration(1, YEAR), 'How long until it is asked for again then.', { default: '30s', example: '10s' }),
	fresh: key(
		oneOf([duration(0, YEAR), off], 'a duration or off'),
		'How long an answer is given again; then the upstream is asked anew whenever the result is asked for, since URLs in it may end.',
		{ default: 'off', example: '10m' },
	),
});

const webhookSchema = object({
	path: required(
		pathWith('', '/hooks/videos'),
		'Path at which Ballast takes it. It goes before the routes of services.',
		{
			example: '/hooks/videos',
		},
	),
	signature: key(
		object({
			header: required(fieldName, 'The field that carries it.', { example: 'X-Signature' }),
			format: key(
				choice('hex', 'base64', 'standard'),
				'How the HMAC-SHA256 is written; `standard` as Standard Webhooks do.',
				{
					default: 'hex',
					example: 'standard',
				},
			),
			over: key(choice('body', 'id.timestamp.body'), 'What is signed.', {
				default: 'body',
				example: 'id.timestamp.body',
			}),
			timestamp: key(
				object({
					header: required(fieldName, 'The field with the time.', { example: 'X-Timestamp' }),
					tolerance: key(duration(1000, YEAR), 'How far it may be from now.', { default: '5m', example: '1m' }),
				}),
				'A webhook of another time is refused.',
				{ defaultText: 'none is looked at', example: { header: 'X-Timestamp' } },
			),
			secret: required(secrets, 'The key, by reference; several while it is changed.', {
				example: { env: 'WEBHOOK_SECRET' },
			}),
		}),
		'How it is known that a webhook is from the upstream. Without this, one only has the upstream asked.',
		{ defaultText: 'none', example: { header: 'X-Signature', secret: { env: 'WEBHOOK_SECRET' } } },
	),
	eventId: key(fieldName, 'The field by which a repeat is known.', { defaultText: 'none', example: 'X-Event-Id' }),
	id: required(pointer, 'In its body: what the upstream calls the job.', { example: '/data/id' }),
	jobId: key(pointer, "In its body: our own id of the job, as `stamp` put it into the request's.", {
		defaultText: 'none',
		example: '/data/callback_id',
	}),
	word: required(pointer, 'In its body: the word for what happened.', { example: '/type' }),
	done: required(words, 'Words for success; `*` in front or behind stands for anything.', { example: ['video.done'] }),
	failed: required(words, 'Words for failure.', { example: ['video.failed'] }),
});

const reconcileSchema = object({
	path: required(pathWith('', '/videos?limit=100'), 'Path of a list.', { example: '/videos?limit=100' }),
	items: required(pointer, 'The list in the answer.', { example: '/data' }),
	key: required(pointer, 'Within an item: our id of the job, or the key that it was sent with.', {
		example: '/callback_id',
	}),
	id: required(pointer, 'Within an item: what the upstream calls it.', { example: '/id' }),
	complete: key(
		bool(),
		'Whether a job that is not in the list was never made, so that it is sent again. Otherwise a person decides.',
		{
			default: false,
			example: true,
		},
	),
	next: key(
		object({
			token: required(pointer, 'In the answer: the token of the next page; null on the last.', {
				example: '/next_token',
			}),
			field: required(queryName, 'The field of the query that takes it.', { example: 'token' }),
		}),
		'How the next page of the list is asked for.',
		{ defaultText: 'there is one page', example: { token: '/next_token', field: 'token' } },
	),
	pages: key(integer(1, 1000), 'Most pages; what is not found in them is left to a person.', {
		default: 50,
		example: 10,
	}),
});

const cancelSchema = object({
	method: key(choice('DELETE', 'POST'), 'Method of the call.', { default: 'DELETE', example: 'POST' }),
	path: required(pathWith('\\{id\\}', '/videos/{id}'), 'Path of the call, with `{id}`.', { example: '/videos/{id}' }),
});

const externalKeys = object({
	id: key(pointer, 'In the answer that takes a job: what the upstream calls it. A list there is several jobs in one.', {
		example: '/data/video_id',
	}),
	status: key(statusSchema, 'How the upstream is asked how jobs get on.', {
		example: { path: '/videos/{id}', state: '/status', done: ['completed'], failed: ['failed'] },
	}),
	poll: key(pollSchema, 'How often. All jobs of a place that fit are in one question.', { example: { heard: '5m' } }),
	result: key(resultSchema, 'Where the final answer comes from.', {
		defaultText: 'what the last question told of the job',
		example: { path: '/videos/{id}' },
	}),
	webhook: key(webhookSchema, 'Webhooks by which the upstream tells of ends; what they leave out, asking finds.', {
		defaultText: 'none',
		example: { path: '/hooks/videos', id: '/data/id', word: '/type', done: ['video.done'], failed: ['video.failed'] },
	}),
	reconcile: key(
		reconcileSchema,
		'How the upstream is asked for a job that it may have, when its answer was lost and its key is too old for a repeat.',
		{ defaultText: 'a person decides', example: { path: '/videos', items: '/data', key: '/callback_id', id: '/id' } },
	),
	cancel: key(
		cancelSchema,
		'How the upstream is told that a job is not wanted any more: it was cancelled, or its time is over. Its slot is free once that is answered 2xx, 404 or 410.',
		{ defaultText: 'its slot is held until the upstream has ended it', example: { path: '/videos/{id}' } },
	),
	limit: key(
		oneOf([duration(1, YEAR), off], 'a duration or off'),
		'How long the upstream may have a job. One that still goes on then has failed, as `external_timeout`.',
		{ default: 'off', example: '2h' },
	),
});

export const externalSchema = oneOf([externalKeys, off], 'an object with id and status, or off');

export const lanesSchema = map(
	object({
		concurrency: key(integer(1, 100_000), 'Most jobs under way there.', { default: 10, example: 3 }),
		headers: key(
			map(valueOrReference, 'names and values'),
			'Fields of its requests, in the place of those of clients.',
			{
				defaultText: 'none',
				example: { 'X-Api-Key': { env: 'API_KEY' } },
			},
		),
	}),
	'places',
);

export const codesSchema = object({
	code: required(pointer, 'In the answer: the code.', { example: '/error/code' }),
	message: key(pointer, 'In the answer: what it means.', { defaultText: 'none', example: '/error/message' }),
	retry: key(words, 'Codes that are tried again where that is safe, whatever the status.', {
		defaultText: 'none',
		example: ['rate_limit_exceeded'],
	}),
	fail: key(words, 'Codes that are final.', { defaultText: 'none', example: ['quota_exceeded'] }),
});

export type ExternalInput = z.input<typeof externalSchema>;
export type LanesInput = z.input<typeof lanesSchema>;
export type CodesInput = z.input<typeof codesSchema>;
