/** A Redis or Valkey that several nodes share. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { bool, integer, key, list, notEmpty, object, oneOf, reference, required, text } from '../core/schema.ts';
import { parseAddress, type RedisNode } from './address.ts';

/** Who one is there; secrets are in it. null: nobody asks. */
export interface RedisLogin {
	readonly username: string | null;
	readonly password: string | null;
}

export interface RedisTls {
	/** PEM of the authorities that its certificate is checked against; null: those of Node.js. */
	readonly ca: string | null;
	/** Where that stands. */
	readonly caFile: string | null;
	/** The name that its certificate must be for; null: its host. */
	readonly name: string | null;
}

/** How it is reached. */
export type RedisPlace =
	| { readonly kind: 'single'; readonly node: RedisNode }
	/** `name`: of the primary, as the Sentinels know it. */
	| {
			readonly kind: 'sentinel';
			readonly name: string;
			readonly nodes: readonly RedisNode[];
			readonly login: RedisLogin;
	  }
	| { readonly kind: 'cluster'; readonly nodes: readonly RedisNode[] };

/** `state.redis`, resolved. */
export interface RedisConfig {
	readonly place: RedisPlace;
	readonly login: RedisLogin;
	readonly database: number;
	/** null: not encrypted. */
	readonly tls: RedisTls | null;
	/** All keys begin so. */
	readonly keyPrefix: string;
	/** Values that must never be shown. */
	readonly secrets: readonly string[];
}

/** `state`, resolved. */
export interface StateConfig {
	/** null: nothing is shared. */
	redis: RedisConfig | null;
}

export const KEY_PREFIX = 'ballast:';
export const REDIS_PORT = 6379;
export const SENTINEL_PORT = 26_379;

const URL_TEXT = 'a URL such as redis://10.0.0.5:6379';
const address = text('an address such as 10.0.0.5:6379', (value) =>
	parseAddress(value, REDIS_PORT) === null ? 'expected an address such as 10.0.0.5:6379' : undefined,
);
const url = oneOf([text(URL_TEXT, notEmpty(URL_TEXT)), reference], `${URL_TEXT}, or a reference such as { env: NAME }`);
const userName = oneOf([text('a name', notEmpty('a name')), reference], 'a name, or a reference such as { env: NAME }');

const tlsSchema = oneOf(
	[
		bool(),
		object({
			ca: key(
				text('a path', notEmpty('a path')),
				'File with the authorities that its certificate is checked against.',
				{
					defaultText: 'those of Node.js',
					example: './redis-ca.pem',
				},
			),
			name: key(text('a host name', notEmpty('a host name')), 'The name that its certificate must be for.', {
				defaultText: 'its host',
				example: 'redis.internal',
			}),
		}),
	],
	'true, false, or an object with ca and name',
);

const sentinelsSchema = object({
	name: required(text('a name', notEmpty('a name')), 'What the Sentinels call the primary.', { example: 'mymaster' }),
	nodes: required(list(address, 'addresses'), 'The Sentinels; port 26379 where none is said.', {
		example: ['10.0.0.5:26379', '10.0.0.6:26379', '10.0.0.7:26379'],
	}),
	username: key(userName, 'Who one is at the Sentinels.', { defaultText: 'none', example: 'sentinel-user' }),
	password: key(reference, 'Password at the Sentinels.', {
		defaultText: 'none',
		example: { env: 'SENTINEL_PASSWORD' },
	}),
});

export const redisSchema = oneOf(
	[
		text(URL_TEXT, notEmpty(URL_TEXT)),
		object({
			url: key(
				url,
				'Where it is: `redis://host:port/database`, or `rediss://` with TLS. A URL with a password only by reference.',
				{ defaultText: 'none: `sentinels` or `cluster`', example: { env: 'REDIS_URL' } },
			),
			sentinels: key(sentinelsSchema, 'Sentinels that know where the primary is.', {
				defaultText: 'none',
				example: { name: 'mymaster', nodes: ['10.0.0.5:26379', '10.0.0.6:26379', '10.0.0.7:26379'] },
			}),
			cluster: key(list(address, 'addresses'), 'Some nodes of a Redis Cluster; it tells the others.', {
				defaultText: 'none',
				example: ['10.0.0.5:6379', '10.0.0.6:6379'],
			}),
			username: key(userName, 'Who one is there (ACL).', { defaultText: 'as in the URL', example: 'ballast' }),
			password: key(reference, 'Password.', { defaultText: 'as in the URL', example: { file: './redis-password' } }),
			database: key(integer(0, 1023), 'Number of the database; a Cluster has only 0.', {
				defaultText: 'as in the URL, or 0',
				example: 2,
			}),
			tls: key(tlsSchema, 'Whether connections are encrypted. With `rediss://` they are.', {
				default: false,
				example: { ca: './redis-ca.pem' },
			}),
			keyPrefix: key(
				text('a prefix such as shop:', (value) =>
					/^[\x21-\x7a|~]{1,64}$/.test(value)
						? undefined
						: 'expected a prefix such as shop:, without blanks and braces',
				),
				'All keys begin so: nodes that share a Redis and this share what they keep there.',
				{ default: KEY_PREFIX, example: 'shop:' },
			),
		}),
	],
	`${URL_TEXT}, or an object with url, sentinels or cluster`,
);

/** What several nodes share. */
export const stateSchema = object({
	redis: key(redisSchema, 'A Redis or Valkey that several nodes share: stored answers, and purges.', {
		defaultText: 'none',
		example: { url: { env: 'REDIS_URL' } },
	}),
});

export type RedisInput = z.input<typeof redisSchema>;
export type StateInput = z.input<typeof stateSchema>;
