/** What a person writes of the cache. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	map,
	notEmpty,
	object,
	oneOf,
	reference,
	required,
	size,
	text,
} from '../core/schema.ts';
import { parseShare } from '../core/units.ts';

const YEAR = 366 * 86_400_000;
const off = z.literal(['off', false], { error: 'expected off' });
const lifetime = duration(0, YEAR);
const fieldName = text('the name of a header field such as accept-language', (value) =>
	/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value)
		? undefined
		: 'expected the name of a header field such as accept-language',
);
const cookieName = text('the name of a cookie', (value) =>
	/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value) ? undefined : 'expected the name of a cookie',
);
const parameter = text('the name of a query parameter', (value) =>
	/^[^\s&=#]{1,128}$/.test(value) ? undefined : 'expected the name of a query parameter, without `&`, `=` and `#`',
);
const status = (value: string): boolean => /^[2-5]\d\d$/.test(value);
const byStatus = map(lifetime, 'statuses and durations').check((context) => {
	for (const name of Object.keys(context.value))
		if (!status(name))
			context.issues.push({
				code: 'custom',
				message: 'expected a status from 200 to 599',
				input: name,
				path: [name],
			});
});
const ttl = oneOf([lifetime, byStatus], 'a duration such as 60s, or durations by status such as { 200: 60s, 404: 5s }');

const CONDITION =
	'expected header:, cookie: or query: with a name such as cookie:session, and `=value` where only that value counts';
const condition = text('a condition such as cookie:session', (value) =>
	/^(header|cookie|query):[^\s=&#]{1,128}(=[\x20-\x7e]{0,256})?$/.test(value) ? undefined : CONDITION,
);

const credential = text('header: with a name such as header:authorization', (value) =>
	/^header:[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(value)
		? undefined
		: 'expected header: with a name such as header:authorization',
);

const keySchema = object({
	query: key(
		oneOf(
			[
				choice('all', 'sorted', 'none'),
				object({ only: key(list(parameter, 'names', 0), 'Parameters that count.', { example: ['page'] }) }).refine(
					({ only }) => only !== undefined,
					{ error: 'expected `only` with a list of names' },
				),
				object({
					except: key(list(parameter, 'names'), 'Parameters that do not.', { example: ['utm_source'] }),
				}).refine(({ except }) => except !== undefined, { error: 'expected `except` with a list of names' }),
			],
			'all, sorted, none, { only: names } or { except: names }',
		),
		'Which query parameters are part of the key. `sorted`: their order means nothing. What is left out of the key still goes to the origin with the request that fetches.',
		{ default: 'all', example: { except: ['utm_source', 'utm_medium'] } },
	),
	headers: key(list(fieldName, 'names', 0), 'Request fields that are part of the key, beside those of `Vary`.', {
		default: [],
		example: ['x-tenant'],
	}),
	cookies: key(list(cookieName, 'names', 0), 'Cookies that are part of the key.', {
		default: [],
		example: ['currency'],
	}),
	credential: key(
		oneOf([credential, off], 'header:authorization, or off'),
		'A field whose value, hashed, is part of the key: each client has answers of its own, and those to requests with `Authorization` may be stored.',
		{ default: 'off', example: 'header:x-api-key' },
	),
	host: key(choice('own', 'any'), '`any`: requests to all hosts share their answers.', {
		default: 'own',
		example: 'any',
	}),
});

const share = text(
	'a share from 1% to 50%',
	(value) => {
		const parsed = parseShare(value);
		return parsed !== undefined && parsed >= 0.01 && parsed <= 0.5 ? undefined : 'expected a share from 1% to 50%';
	},
	'share',
);

const heuristicShare = text(
	'a share from 1% to 100%',
	(value) => {
		const parsed = parseShare(value);
		return parsed !== undefined && parsed >= 0.01 && parsed <= 1 ? undefined : 'expected a share from 1% to 100%';
	},
	'share',
);

/** Of a service or route. */
export const cacheSchema = oneOf(
	[
		object({
			ttl: key(ttl, 'Lifetime where the origin says nothing. A duration is for 200, 203, 300, 301 and 308.', {
				defaultText: 'none: such an answer is not stored',
				example: '60s',
			}),
			negativeTtl: key(lifetime, 'The same for 404, 405, 410, 414 and 501.', { defaultText: 'none', example: '5s' }),
			override: key(
				ttl,
				'Lifetime whatever the origin says: **this breaks its word**. `no-store`, `private`, `Set-Cookie` and `Vary: *` still hold.',
				{ defaultText: 'none', example: '10s' },
			),
			staleWhileRevalidate: key(
				oneOf([lifetime, off], 'a duration or off'),
				'How long a stale answer may be given while it is fetched anew.',
				{ defaultText: 'as the origin says', example: '30s' },
			),
			staleIfError: key(
				oneOf([lifetime, off], 'a duration or off'),
				'How long a stale answer may be given while the origin fails or cannot be reached.',
				{ defaultText: 'as the origin says', example: '1h' },
			),
			staleIfUnreachable: key(
				oneOf([lifetime, off], 'a duration or off'),
				'The same while no instance can be reached at all, whatever the origin says but `must-revalidate` and `no-cache`.',
				{ default: 'off', example: '1d' },
			),
			heuristic: key(
				oneOf([heuristicShare, off], 'a share such as 10%, or off'),
				'Where the origin says no lifetime and no `ttl` is for the status: a share of the time since `Last-Modified`, a day at most (RFC 9111 §4.2.2).',
				{ default: 'off', example: '10%' },
			),
			refreshAhead: key(
				oneOf([share, off], 'a share such as 10%, or off'),
				'Asked for in the last part of its lifetime, an answer is fetched anew beforehand.',
				{ default: 'off', example: '10%' },
			),
			key: key(keySchema, 'What an answer is found by, beside scheme, host, path and `Vary`.', {
				example: { query: 'sorted', headers: ['x-tenant'] },
			}),
			methods: key(
				list(choice('GET', 'POST'), 'methods'),
				'Whose answers are stored. With `POST` those of 200 whose `Content-Location` is their own URL, and that say how long they hold, are given to later GETs, never to another POST (RFC 9110 §9.3.3). HEAD goes with GET.',
				{ default: ['GET'], example: ['GET', 'POST'] },
			),
			bypass: key(
				oneOf([condition, list(condition, 'conditions', 0)], 'a condition such as cookie:session, or a list of them'),
				'Requests that are neither answered from the cache nor stored.',
				{ default: [], example: ['cookie:session', 'query:preview=1'] },
			),
			body: key(size(0, 1_099_511_627_776), 'Largest body that is stored.', {
				defaultText: '`64MiB`; with `cache.disk` a quarter of it, 2 GiB at most',
				example: '1MiB',
			}),
			variants: key(
				integer(1, 256),
				'Most answers of one key, by `Vary`; the one goes that was given least, of these the oldest. A request looks at each of them until one suits.',
				{
					default: 32,
					example: 8,
				},
			),
			clients: key(
				choice('obey', 'ignore'),
				'Whether `Cache-Control` of a client (`no-cache`, `max-age=0`) makes the cache ask the origin.',
				{ default: 'obey', example: 'ignore' },
			),
			status: key(bool(), '`Cache-Status` on the answers (RFC 9211).', { default: true, example: false }),
			tags: key(
				object({
					fields: key(list(fieldName, 'names', 0), 'Fields of the answer that name its tags.', {
						default: ['surrogate-key', 'cache-tag'],
						example: ['x-tags'],
					}),
					hide: key(bool(), 'They are kept from clients.', { default: false, example: true }),
				}),
				'What answers are purged by, beside their URL.',
				{ example: { hide: true } },
			),
			surrogate: key(
				bool(),
				'`Surrogate-Control` of the origin (W3C Edge Architecture) counts in the place of `Cache-Control` and `Expires`, and is kept from clients. Not where a CDN in front is to read it.',
				{ default: false, example: true },
			),
		}),
		off,
	],
	'an object such as {} or { ttl: 60s }, or off',
);

export type CacheInput = z.input<typeof cacheSchema>;

const diskSize = size(16 * 1024 * 1024, 8_796_093_022_208);
const diskFolder = text('a folder such as /var/cache/api', notEmpty('a folder such as /var/cache/api'), 'path');

const diskSchema = oneOf(
	[
		off,
		diskSize,
		object({
			size: required(diskSize, 'Most that the files take.', { example: '10GiB' }),
			folder: key(diskFolder, 'Where they lie, in a folder named like this Ballast; seen from this file.', {
				defaultText: '`cache` in the folder of `store`',
				example: '/var/cache/ballast',
			}),
			from: key(size(64 * 1024, 1_099_511_627_776), 'Bodies of this length on lie there, shorter ones in memory.', {
				default: '1MiB',
				example: '256KiB',
			}),
		}),
	],
	'a size such as 10GiB, an object with size, or off',
);

/** Of the node. */
export const nodeCacheSchema = object({
	memory: key(
		size(1024 * 1024, 1_099_511_627_776),
		'Memory for stored answers, shared by all workers. It is used as it fills.',
		{ default: '128MiB', example: '1GiB' },
	),
	disk: key(diskSchema, 'Large bodies lie in files, so that the memory has room for others. They outlast a restart.', {
		default: 'off',
		example: '10GiB',
	}),
	warm: key(
		bool(),
		'What the memory holds is written down at an orderly end and an upgrade, and is there again after it.',
		{ default: false, example: true },
	),
	redis: key(
		oneOf(
			[
				object({
					timeout: key(duration(1, 10_000), 'How long Redis is waited for before the origin is asked.', {
						default: '50ms',
						example: '20ms',
					}),
					body: key(size(0, 64 * 1024 * 1024), 'Largest body that is kept there.', {
						default: '1MiB',
						example: '256KiB',
					}),
					life: key(duration(1000, YEAR), 'Longest time that an answer stays there.', {
						default: '1d',
						example: '1h',
					}),
					alone: key(
						oneOf([duration(1000, YEAR), off], 'a duration or off'),
						'Nothing was heard of the purges of other nodes for so long: from then on what is in memory counts as stale, anew after each such time.',
						{ default: '30s', example: '5m' },
					),
					secret: key(
						reference,
						'What all nodes know: answers in Redis are signed with it, and credentials and cookies that are part of a key are hashed with it.',
						{ defaultText: 'the password of Redis', example: { env: 'BALLAST_CACHE_SECRET' } },
					),
				}),
				off,
			],
			'an object such as { timeout: 20ms }, or off',
		),
		'Answers are kept in the Redis of `state`, too, where nodes share them and hear of purges. `off`: they are not.',
		{ defaultText: 'on where `state` names a Redis', example: { timeout: '20ms', body: '256KiB' } },
	),
});

export type NodeCacheInput = z.input<typeof nodeCacheSchema>;
