/**
 * What hangs on a route: its match, its policies, its fixed answer. Schemas only; the resolved
 * shapes stand in `config.ts`.
 */
import { z } from 'zod';
import {
	choice,
	duration,
	integer,
	key,
	list,
	map,
	object,
	oneOf,
	required,
	size,
	text,
	valueOrReference,
} from '../core/schema.ts';
import {
	complainOfFieldName,
	complainOfFieldValue,
	complainOfFixedHost,
	complainOfHost,
	complainOfMatch,
	complainOfMethod,
	complainOfPath,
	complainOfRedirect,
	complainOfStrip,
} from './config-syntax.ts';
import { holdSchema, retrySchema } from './retry-schema.ts';

const method = text('a method such as GET', complainOfMethod, 'method');
const fieldName = text('the name of a header field', complainOfFieldName, 'field name');

const matchLong = object({
	host: key(
		text('a host such as api.example.com or *.example.com', complainOfHost, 'host'),
		'Host that the client asked for; `*.` stands for any names in front. With a port, that port only.',
		{
			defaultText: 'any',
			example: '*.example.com',
		},
	),
	path: key(
		text('a path such as /v1/*', complainOfPath, 'path'),
		'Path: exact, `/prefix/*`, or with named segments (`/users/:id`).',
		{ defaultText: 'any', example: '/v1/*' },
	),
	method: key(oneOf([method, list(method, 'methods')], 'a method or a list of methods'), 'Method or methods.', {
		defaultText: 'any',
		example: ['GET', 'HEAD'],
	}),
	header: key(
		oneOf(
			[
				fieldName,
				object({
					name: required(fieldName, 'Name of the field.', {
						example: 'x-beta',
					}),
					value: key(text('text', complainOfFieldValue), 'Its exact value.', {
						defaultText: 'any',
						example: 'on',
					}),
				}),
			],
			'the name of a header field or an object with name, value',
		),
		'A header field that must be there.',
		{ defaultText: 'none', example: { name: 'x-beta', value: 'on' } },
	),
}).refine((match) => Object.keys(match).length > 0, {
	error: 'expected at least one of host, path, method, header; leave `match` out for everything',
});

const matchText = text('a match such as /v1/*, api.example.com or GET /v1/users', complainOfMatch, 'match');
const oneMatch = [matchText, matchLong] as const;
const MATCH = 'a match such as /v1/* or api.example.com, or an object with host, path, method, header';

/** Of a route: one match. */
export const routeMatchSchema = oneOf(oneMatch, MATCH);
/** Of a service: one or several. */
export const matchSchema = oneOf([...oneMatch, list(oneOf(oneMatch, MATCH), 'matches')], `${MATCH}, or a list of them`);

export type MatchInput = z.input<typeof routeMatchSchema>;

const fieldEdits = (of: string) =>
	object({
		set: key(
			map(valueOrReference, 'names and values'),
			`Fields to set in the ${of}; they replace what is there. A secret stands here only by reference.`,
			{
				default: {},
				example: {
					'X-Env': 'production',
					Authorization: { env: 'API_AUTHORIZATION' },
				},
			},
		),
		remove: key(
			oneOf([fieldName, list(fieldName, 'names', 0)], 'the name of a header field or a list of names'),
			`Fields to take out of the ${of}.`,
			{
				default: [],
				example: ['x-internal'],
			},
		),
	});

const rewritePattern = text('a regular expression such as ^/old/(.*)$', (value) => {
	try {
		new RegExp(value, 'u');
		return undefined;
	} catch {
		return 'expected a regular expression such as ^/old/(.*)$; this one is not valid';
	}
});

const complainOfReplacement = (value: string) =>
	/^[\x21\x22\x24-\x3e\x40-\x7e]*$/.test(value)
		? undefined
		: 'expected a part of a path such as /new/$1: ASCII without blanks, `?` and `#`';

const stripText = text(
	'a path such as /api, or off',
	(value) => (value === 'off' ? undefined : complainOfStrip(value)),
	'path',
);

const off = z.literal(['off', false], {
	error: 'expected off',
});

export const policyKeys = {
	retry: key(retrySchema, 'When a failed attempt is followed by one on another instance.', {
		default: { attempts: 3, on: ['connect', 'reset', 'timeout', 502, 503, 504], body: '64KiB' },
		example: { attempts: 2, timeout: '2s' },
	}),
	hold: key(
		holdSchema,
		'How long a request waits for an instance, while none is ready and one is expected or while all are full; 503 after it.',
		{ default: '10s', example: '30s' },
	),
	timeouts: key(
		object({
			connect: key(duration(1, 300_000), 'Most time to connect to an instance.', { default: '2s', example: '500ms' }),
			firstByte: key(duration(1), 'Most time until the answer begins; 504 after it.', {
				default: '60s',
				example: '120s',
			}),
			request: key(
				duration(1, 604_800_000),
				'Most time for a whole request. Event streams, upgraded connections and large files are exempt.',
				{
					default: '5m',
					example: '10m',
				},
			),
			idle: key(
				duration(1),
				'Most time without a byte while a body is under way. Event streams and upgraded connections are exempt.',
				{ default: '60s', example: '30s' },
			),
		}),
		'Times that a request may take. What is left out comes from the service, then from `defaults`.',
		{ example: { firstByte: '120s' } },
	),
	limits: key(
		object({
			body: key(
				size(0, 1_125_899_906_842_624),
				'Largest body of a request; 413 above. Bodies are streamed, never held whole.',
				{ default: '10MiB', example: '1GiB' },
			),
		}),
		'Limits of a request.',
		{ example: { body: '1GiB' } },
	),
	host: key(
		oneOf(
			[
				choice('preserve', 'instance'),
				object({
					set: required(text('a host such as api.internal', complainOfFixedHost, 'host'), 'The host to send.', {
						example: 'api.internal',
					}),
				}),
			],
			'preserve, instance or { set: a host }',
		),
		"The `Host` that an instance sees: the client's (`preserve`), the instance's own address (`instance`), or a fixed one.",
		{ default: 'preserve', example: { set: 'api.internal' } },
	),
	strip: key(
		oneOf([stripText, z.literal(false, { error: 'expected off' })], 'a path such as /api, or off'),
		'Taken off the front of the path before it goes to an instance.',
		{
			default: 'off',
			example: '/api',
		},
	),
	rewrite: key(
		oneOf(
			[
				object({
					from: required(rewritePattern, 'Regular expression over the path (after `strip`).', {
						example: '^/old/(.*)$',
					}),
					to: required(
						text('text such as /new/$1', complainOfReplacement),
						'What stands in place of the part that was found; `$1` is the first group.',
						{ example: '/new/$1' },
					),
				}),
				off,
			],
			'an object with from, to, or off',
		),
		'Rewrites the path: the part that a regular expression finds is replaced.',
		{ default: 'off', example: { from: '^/old/(.*)$', to: '/new/$1' } },
	),
	headers: key(
		object({
			request: key(fieldEdits('request'), 'Of the request, before it goes to an instance.', {
				example: { set: { 'X-Env': 'production' } },
			}),
			response: key(fieldEdits('answer'), 'Of the answer, before it goes to the client.', {
				example: { remove: ['x-powered-by'] },
			}),
		}),
		'Header fields to set and remove. Those of a route are added to those of its service.',
		{ example: { response: { remove: ['x-powered-by'] } } },
	),
};

const respondStatus = integer(200, 599);
const answerBody = text('text', () => undefined);

export const respondSchema = oneOf(
	[
		respondStatus,
		answerBody,
		object({
			status: key(respondStatus, 'Its status.', { default: 200, example: 503 }),
			headers: key(map(text('text', complainOfFieldValue), 'names and values'), 'Its header fields.', {
				defaultText: '`content-type: text/plain; charset=utf-8` with a body',
				example: { 'content-type': 'application/json' },
			}),
			body: key(answerBody, 'Its body.', {
				default: '',
				example: '{"status":"closed"}',
			}),
		}),
	],
	'a status, a text, or an object with status, headers, body',
);

export type RespondInput = z.input<typeof respondSchema>;

const redirectTo = text('a URL or a path such as https://example.com$path$query', complainOfRedirect, 'URL');

export const redirectSchema = oneOf(
	[
		redirectTo,
		object({
			to: required(
				redirectTo,
				'Where to: a URL or a path. `$host`, `$path` and `$query` (with its `?`) stand for those of the request.',
				{
					example: 'https://example.com$path$query',
				},
			),
			status: key(
				z.literal([301, 302, 303, 307, 308], {
					error: 'expected 301, 302, 303, 307 or 308',
				}),
				'301 and 308 are permanent, 302 and 307 are not; 307 and 308 keep method and body, 303 becomes a GET.',
				{ default: 302, example: 308 },
			),
		}),
	],
	'a URL, a path, or an object with to, status',
);

export type RedirectInput = z.input<typeof redirectSchema>;
