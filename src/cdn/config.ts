/** CDNs in front: who is told of purges, and what is written for them. Import the types only where zod must not be loaded. */
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
	text,
	valueOrReference,
} from '../core/schema.ts';
import type { BallastTargetConfig } from './targets/ballast.ts';
import type { CloudflareConfig } from './targets/cloudflare.ts';
import type { FastlyConfig } from './targets/fastly.ts';
import type { WebhookPurgeConfig } from './targets/webhook.ts';

/** A purge target, resolved: its secrets are in it. */
export interface PurgeTargetConfig {
	name: string;
	/** Most calls a minute; 0: no limit. */
	perMinute: number;
	to: CloudflareConfig | FastlyConfig | BallastTargetConfig | WebhookPurgeConfig;
	/** Values that must never be shown. */
	secrets: readonly string[];
}

/** `purge`, resolved. */
export interface PurgeConfig {
	/** Who may purge by HTTP; null: nobody. It is a secret. */
	token: string | null;
	targets: PurgeTargetConfig[];
}

export const PURGE_TARGET_TYPES = ['cloudflare', 'fastly', 'ballast', 'webhook'] as const;
export type PurgeTargetType = (typeof PURGE_TARGET_TYPES)[number];

/** Calls a minute, by type. Cloudflare's Free plan has 5, of any kind but single files. */
export const DEFAULT_CALLS: Readonly<Record<PurgeTargetType, number>> = {
	cloudflare: 5,
	fastly: 60,
	ballast: 600,
	webhook: 60,
};

const off = z.literal(['off', false], { error: 'expected off' });
const URL_TEXT = 'a URL such as https://hooks.example.com/purge/{kind}';
const url = oneOf([text(URL_TEXT, notEmpty(URL_TEXT)), reference], `${URL_TEXT}, or a reference such as { env: NAME }`);
const id = (what: string) =>
	text(what, (value) => (/^[A-Za-z0-9]{1,64}$/.test(value) ? undefined : `expected ${what}: letters and digits`));

const purgeTargetSchema = object({
	type: key(choice(...PURGE_TARGET_TYPES), 'Who is told.', {
		defaultText: 'the name of the target',
		example: 'cloudflare',
	}),
	zone: key(id('the id of a zone'), 'Id of the zone, of `cloudflare`.', {
		defaultText: 'none',
		example: '023e105f4ecef8ad9ca31a8372d0c353',
	}),
	service: key(id('the id of a service'), 'Id of the service, of `fastly`.', {
		defaultText: 'none',
		example: 'SU1Z0isxPaozGVKXdv0eY',
	}),
	token: key(
		reference,
		'API token that may purge, of `cloudflare` and `fastly`; of `ballast` the `purge.token` there.',
		{
			defaultText: 'none',
			example: { env: 'CLOUDFLARE_API_TOKEN' },
		},
	),
	url: key(
		url,
		'Where to; of `ballast` its admin listener. Of `webhook`, `{kind}` stands for `urls`, `prefixes`, `tags` or `everything`, and `{item}` for one of them: each has a call of its own then.',
		{ defaultText: 'of Cloudflare and Fastly their own', example: 'https://hooks.example.com/purge/{kind}' },
	),
	method: key(choice('POST', 'PUT', 'DELETE', 'GET', 'PURGE'), 'Method of `webhook`; GET has no body.', {
		default: 'POST',
		example: 'PURGE',
	}),
	headers: key(map(valueOrReference, 'fields'), 'More fields of the request, of `webhook`.', {
		defaultText: 'none',
		example: { AccessKey: { env: 'BUNNY_KEY' } },
	}),
	secret: key(reference, 'What the body of `webhook` is signed with (standardwebhooks.com).', {
		defaultText: 'none: it is not signed',
		example: { env: 'PURGE_HOOK_SECRET' },
	}),
	rate: key(integer(0, 60_000), 'Most calls a minute; what is over it waits, and goes together. 0: no limit.', {
		defaultText: 'of Cloudflare 5, as its Free plan; of another Ballast 600, of others 60',
		example: 300,
	}),
});

export const purgeSchema = object({
	token: key(
		reference,
		'Who sends this as `Authorization: Bearer …` may `POST /purge` on the admin listener. Without it nobody may; `ballast purge` needs none.',
		{ defaultText: 'none', example: { env: 'BALLAST_PURGE_TOKEN' } },
	),
	targets: key(map(purgeTargetSchema, 'targets'), 'Who is told of each purge, by name.', {
		defaultText: 'nobody',
		example: {
			cloudflare: { zone: '023e105f4ecef8ad9ca31a8372d0c353', token: { env: 'CLOUDFLARE_API_TOKEN' } },
		},
	}),
});

const YEAR = 31_536_000_000;
const age = duration(0, YEAR);
const statuses = list(integer(200, 599), 'statuses');
const TAG_FIELDS = ['Cache-Tag', 'Surrogate-Key'] as const;

export const cdnSchema = oneOf(
	[
		off,
		object({
			maxAge: key(age, 'How long a CDN may keep an answer.', { defaultText: 'nothing is written', example: '1h' }),
			browserMaxAge: key(age, 'How long a browser may.', { default: '0s', example: '60s' }),
			staleWhileRevalidate: key(age, 'How much longer the CDN may give it while it asks anew (RFC 5861).', {
				defaultText: 'nothing is written',
				example: '30s',
			}),
			staleIfError: key(age, 'How much longer while we fail (RFC 5861).', {
				defaultText: 'nothing is written',
				example: '1d',
			}),
			field: key(
				choice('CDN-Cache-Control', 'Surrogate-Control', 's-maxage'),
				'Where the CDN reads it: `CDN-Cache-Control` (RFC 9213: Cloudflare, Fastly, Akamai, Netlify), `Surrogate-Control` (Fastly, Varnish), or `s-maxage` of `Cache-Control` (CloudFront and all others).',
				{ default: 'CDN-Cache-Control', example: 's-maxage' },
			),
			statuses: key(statuses, 'Answers to GET and HEAD with these.', {
				default: [200, 203, 204, 206, 301, 304, 308, 404, 410],
				example: [200, 206, 304],
			}),
			override: key(
				bool(),
				'Also where the API says how long itself: its word is broken. `private`, `no-store` and `Set-Cookie` hold all the same.',
				{ default: false, example: true },
			),
			tags: key(
				choice('pass', 'off', ...TAG_FIELDS),
				'The tags of an answer (`Surrogate-Key`, parted by blanks, or `Cache-Tag`, by commas): passed on as they are, kept from the client, or written as the field that the CDN knows.',
				{ default: 'pass', example: 'Cache-Tag' },
			),
		}),
	],
	'an object with maxAge, browserMaxAge, staleWhileRevalidate, staleIfError, field, statuses, override, tags, or off',
);

const TOKEN = 'a name such as edge-1, or a host such as edge.example.com';

/** RFC 8586 §2: a host with or without a port, or a token. */
export const cdnLoopSchema = text(TOKEN, (value) =>
	/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}(?::\d{1,5})?$/.test(value) ? undefined : `expected ${TOKEN}`,
);

export type PurgeInput = z.input<typeof purgeSchema>;
export type PurgeTargetInput = z.input<typeof purgeTargetSchema>;
export type CdnInput = z.input<typeof cdnSchema>;
