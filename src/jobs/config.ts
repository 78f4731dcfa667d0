/** What a person writes of jobs. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	object,
	oneOf,
	reference,
	required,
	size,
	text,
} from '../core/schema.ts';
import { creditSchema } from './external/credit-config.ts';
import { codesSchema, externalSchema, lanesSchema } from './external/external-config.ts';
import { spendSchema } from './spend/config.ts';
import { jobStoreSchema } from './store-config.ts';
import { offloadWebhookSchema, webhooksSchema } from './webhooks/config.ts';

const YEAR = 366 * 86_400_000;
const off = z.literal(['off', false], { error: 'expected off' });
const FIELD = /^header:[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
const EXPECTED_FIELD = 'header: with a name such as header:x-api-key';
const field = text(EXPECTED_FIELD, (value) => (FIELD.test(value) ? undefined : `expected ${EXPECTED_FIELD}`));
const fieldName = text('the name of a header field such as Idempotency-Key', (value) =>
	/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value)
		? undefined
		: 'expected the name of a header field such as Idempotency-Key',
);
const EXPECTED_RATE = 'a rate such as 10/s, 600/m or 10/5s';
/** What is wrong with one is said where it is read. */
const rate = text(EXPECTED_RATE, (value) => (value === '' ? `expected ${EXPECTED_RATE}` : undefined), 'rate');
const method = choice('GET', 'POST', 'PUT', 'PATCH', 'DELETE');

const holdSchema = object({
	hold: key(
		duration(100, YEAR),
		'How long such a request waits for its turn; then it gets 429 `upstream_full`, and is no job any more unless it has an `Idempotency-Key`.',
		{ default: '60s', example: '20s' },
	),
	lane: key(
		text('the name of a place in `lanes`', (value) =>
			/^[A-Za-z0-9_-]{1,40}$/.test(value) ? undefined : 'expected the name of a place in `lanes`',
		),
		'The place upstream that its job gets: the one whose credential calls that are no jobs carry, too.',
		{ defaultText: 'any', example: 'main' },
	),
});

const offloadKeys = object({
	when: key(
		oneOf([choice('asked', 'always'), holdSchema], 'asked, always or { hold: … }'),
		'`asked`: requests that say `Prefer: respond-async` become jobs, all others are answered as ever. `always`: all do. `{ hold: 60s }`: all do, and those that do not ask for it are answered as ever: with what the API said when it took the job.',
		{ default: 'asked', example: 'always' },
	),
	methods: key(list(method, 'methods'), 'Methods that become jobs.', {
		defaultText: 'all but GET, HEAD, OPTIONS and TRACE',
		example: ['POST'],
	}),
	idempotency: key(
		oneOf(
			[
				choice('optional', 'required'),
				object({
					key: key(choice('optional', 'required'), 'The same as the short form.', {
						default: 'optional',
						example: 'required',
					}),
					life: key(
						duration(1000, YEAR),
						'How long a key is known, from the request that brought it; never shorter than its job is kept.',
						{ default: '24h', example: '7d' },
					),
				}),
			],
			'optional, required, or an object such as { key: required, life: 7d }',
		),
		'Whether a request that becomes a job must carry an `Idempotency-Key` (400 without), and how long one is known.',
		{ default: 'optional', example: 'required' },
	),
	owner: key(
		oneOf([field, list(field, 'fields')], `${EXPECTED_FIELD}, or a list of them`),
		'The field that holds the credential: only who sends the same one sees the job. Of several the first that is there counts.',
		{ default: ['header:authorization', 'header:x-api-key'], example: 'header:x-user' },
	),
	group: key(
		oneOf([choice('all', 'owner'), field], `all, owner, or ${EXPECTED_FIELD}`),
		'What tells groups apart, between which turns are shared fairly: nothing (`all` are one), the credential, or a field. Only what something in front has checked: whoever can make up values makes up turns.',
		{ default: 'all', example: 'header:x-tenant' },
	),
	priority: key(choice('high', 'normal', 'low'), 'Which jobs of a group go first.', {
		default: 'normal',
		example: 'low',
	}),
	concurrency: key(
		oneOf([integer(1, 100_000), off], 'a number from 1 to 100000, or off'),
		'Most jobs under way, over all nodes. A route that says this, a rate or `waiting` has a queue of its own; all others share that of their service.',
		{ default: 16, example: 4 },
	),
	groupConcurrency: key(
		oneOf([integer(1, 100_000), off], 'a number from 1 to 100000, or off'),
		'The same for each group.',
		{ default: 'off', example: 2 },
	),
	rate: key(oneOf([rate, off], `${EXPECTED_RATE}, or off`), 'Most jobs that begin in a time.', {
		default: 'off',
		example: '10/s',
	}),
	groupRate: key(oneOf([rate, off], `${EXPECTED_RATE}, or off`), 'The same for each group.', {
		default: 'off',
		example: '60/m',
	}),
	waiting: key(integer(1, 100_000_000), 'Most jobs that wait; 503 `jobs_full` above.', {
		default: 100_000,
		example: 1000,
	}),
	attempts: key(integer(1, 100), 'Most attempts, the first included; then the job is a dead letter.', {
		default: 5,
		example: 3,
	}),
	backoff: key(
		object({
			base: key(duration(1, YEAR), 'Before the second attempt; doubled before each that follows, less a random part.', {
				default: '1s',
				example: '5s',
			}),
			most: key(duration(1, YEAR), 'At most. A longer `Retry-After` of the API holds all the same.', {
				default: '5m',
				example: '1h',
			}),
		}),
		'How long until the next attempt.',
		{ default: { base: '1s', most: '5m' }, example: { base: '5s' } },
	),
	retryOn: key(
		list(integer(400, 599), 'statuses', 0),
		'Answers that are tried again. But for 425 and 429, by which nothing was done, only where a repeat is safe: of idempotent methods, and with an `upstreamKey`. So are attempts that brought no whole answer.',
		{ default: [408, 425, 429, 500, 502, 503, 504], example: [429, 503] },
	),
	unkeyed: key(
		choice('never', 'retry'),
		'`retry`: POST and PATCH without an `upstreamKey` are tried again, too, although the first attempt may have had its effect. **This may do things twice**.',
		{ default: 'never', example: 'retry' },
	),
	upstreamKey: key(
		object({
			header: key(fieldName, 'The field that carries it.', { default: 'Idempotency-Key', example: 'X-Request-Id' }),
			life: key(duration(1000, YEAR), 'How long the API knows a key, from the first attempt on.', {
				default: '24h',
				example: '1h',
			}),
		}),
		"The API knows repeats by a key: each attempt sends the same one, the client's own or the job's id.",
		{ defaultText: 'none is sent', example: { life: '24h' } },
	),
	timeLimit: key(
		duration(100, YEAR),
		'Most time for an attempt, in the place of `timeouts.firstByte` and `timeouts.request`.',
		{ defaultText: 'as `timeouts` say', example: '15m' },
	),
	expires: key(oneOf([duration(1000, YEAR), off], 'a duration or off'), 'When a job that has not ended is given up.', {
		default: 'off',
		example: '6h',
	}),
	keep: key(duration(0, YEAR), 'How long a job and its result are kept after its end.', {
		default: '1d',
		example: '7d',
	}),
	body: key(size(0, 1_099_511_627_776), 'Largest body of a request that becomes a job; 413 above.', {
		defaultText: '`limits.body`',
		example: '100MB',
	}),
	lanes: key(
		lanesSchema,
		'Places upstream, such as accounts, each with its own limit and its own fields: a job keeps the one that it was given. While one is full with fewer of our jobs (others use it, too), fewer are sent there.',
		{
			defaultText: 'none',
			example: { first: { concurrency: 10, headers: { 'X-Api-Key': { env: 'API_KEY' } } } },
		},
	),
	errors: key(codesSchema, 'What the codes of errors mean that the API answers.', {
		defaultText: 'errors are judged by their status',
		example: { code: '/error/code', fail: ['quota_exceeded'] },
	}),
	stamp: key(
		text('the name of a member of the JSON body', (value) =>
			/^[A-Za-z0-9_.-]{1,64}$/.test(value) ? undefined : 'expected the name of a member of the JSON body',
		),
		"The member of a JSON body that gets the job's id where the client's has none.",
		{ defaultText: 'none', example: 'callback_id' },
	),
	external: key(
		externalSchema,
		'The API is asynchronous itself: its answer names a job of its own, whose end is waited for. Until then its place counts as taken.',
		{
			default: 'off',
			example: {
				id: '/id',
				status: { path: '/videos/{id}', state: '/status', done: ['completed'], failed: ['failed'] },
			},
		},
	),
	credit: key(creditSchema, 'How the API is asked from time to time what is left at each of the `lanes`.', {
		default: 'off',
		example: { path: '/account', left: ['/balance'], below: 50 },
	}),
	spend: key(
		spendSchema,
		'What jobs may cost, over all nodes of a store. A job counts from the moment that it is taken in; what was certainly not billed is given back.',
		{ default: 'off', example: { perTenant: 20, price: { each: 0.5 } } },
	),
	result: key(size(0, 1_099_511_627_776), 'Largest body of an answer; above it the job fails.', {
		default: '1GiB',
		example: '100MB',
	}),
	webhook: key(
		offloadWebhookSchema,
		'Who is told of the end of a job, by a signed webhook. `asked`: whom the client names by `Webhook-URL`. Needs `jobs.webhooks`.',
		{ default: 'off', example: 'asked' },
	),
});

/** Of a service or route. */
export const offloadSchema = oneOf(
	[z.literal(true, { error: 'expected true' }), offloadKeys, off],
	'true, an object such as { when: always }, or off',
);

export type OffloadInput = z.input<typeof offloadSchema>;

const PATH = 'a path such as /jobs';

/** Of the node. */
export const jobsSchema = object({
	path: key(
		text(PATH, (value) =>
			/^(\/[A-Za-z0-9_.~-]{1,64}){1,8}$/.test(value) && !/\/\.{1,2}(\/|$)/.test(value)
				? undefined
				: `expected ${PATH}: letters, digits and \`-_.~\``,
		),
		'Where clients ask about their jobs, once some route has `offload`: this path, `/{id}`, `/{id}/result` and `/{id}/events` below it. It goes before the routes of services.',
		{ default: '/jobs', example: '/v1/jobs' },
	),
	run: key(bool(), 'Whether this node carries jobs out, or only takes them in.', { default: true, example: false }),
	store: key(
		jobStoreSchema,
		'Where jobs are kept: on this machine, or in the Redis of `state.redis`, for several nodes.',
		{
			default: 'embedded',
			example: 'redis',
		},
	),
	streams: key(
		integer(0, 4000),
		'Most streams of events (`/{id}/events`) at once, over all workers of this node, and for each tenant as many as would still be free; 503 `jobs_full` beyond.',
		{ default: 1000, example: 4000 },
	),
	encryption: key(
		object({
			key: required(
				oneOf([reference, list(reference, 'references')], '`{ env: NAME }` or `{ file: ./path }`, or a list of them'),
				'By reference, base64 of 32 bytes (`openssl rand -base64 32`). The first of several encrypts, each decrypts: a new one goes before the old one.',
				{ example: { env: 'JOBS_KEY' } },
			),
		}),
		'What a job keeps of its request and its answer (credentials, fields, URLs, bodies of any size, copies in folders) is encrypted where it is stored, by AES-256-GCM. All nodes that share jobs need the same keys.',
		{ defaultText: 'it is stored as it is', example: { key: { env: 'JOBS_KEY' } } },
	),
	webhooks: key(
		webhooksSchema,
		'How ends of jobs are told to others: signed, and never to an address that is not public.',
		{
			defaultText: 'nobody is told',
			example: { secret: { env: 'WEBHOOK_SECRET' } },
		},
	),
});

export type JobsInput = z.input<typeof jobsSchema>;
