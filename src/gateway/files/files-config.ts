/** A folder of files that the gateway serves itself: what the configuration says, and what becomes of it. */
import { z } from 'zod';
import { bool, choice, key, list, map, notEmpty, object, oneOf, required, text } from '../../core/schema.ts';
import type { Coding } from '../compress/coding.ts';
import { complainOfFieldValue, complainOfPath } from '../config-syntax.ts';

export interface FilesConfig {
	/** Absolute path. */
	folder: string;
	/** Name of the file that a path ending in `/` stands for; null: none. */
	index: string | null;
	/** Path within the folder of the file that answers for pages that are not there; null: 404. */
	fallback: string | null;
	/** What never changes: names that hold a hash, and paths within the folder (`/assets/*`, `/logo.svg`). */
	immutable: { hashed: boolean; paths: string[] };
	/** Of everything else; null: the field is not sent. */
	cacheControl: string | null;
	cdnCacheControl: string | null;
	/** In order of preference. */
	precompressed: Coding[];
	/** Content types by ending without its dot, lower case; before those that are known. */
	types: Record<string, string>;
}

const FOLDER = 'a path of a folder such as ./public';
const folder = text(FOLDER, notEmpty(FOLDER), 'path');

const INDEX = 'the name of a file such as index.html, or off';
const indexName = text(INDEX, (value) => (value === '' || /[/\\\0]|^\./.test(value) ? `expected ${INDEX}` : undefined));

const FALLBACK = 'a path within the folder such as /index.html, or off';
const fallbackPath = text(
	FALLBACK,
	(value) =>
		value === 'off' || (/^\/[^\\\0]*[^/\\\0]$/.test(value) && !/\/\.|\/\//.test(value))
			? undefined
			: `expected ${FALLBACK}`,
	'path',
);

const IMMUTABLE = 'a path within the folder such as /assets/* or /logo.svg';
const immutablePath = text(
	IMMUTABLE,
	(value) => (complainOfPath(value) === undefined && !/[:]/.test(value) ? undefined : `expected ${IMMUTABLE}`),
	'path',
);

const fieldValue = text('a value such as public, max-age=3600, or off', (value) =>
	value === '' ? 'expected a value such as public, max-age=3600, or off' : complainOfFieldValue(value),
);
const off = z.literal(false, { error: 'expected off' });
const valueOrOff = oneOf([fieldValue, off], 'a value such as public, max-age=3600, or off');
const coding = choice('br', 'zstd', 'gzip');

const long = object({
	folder: required(folder, 'The folder, seen from the folder of this file. It must be there.', { example: './public' }),
	index: key(
		oneOf([indexName, off], INDEX),
		'The file that a path ending in `/` stands for. Folders are never listed.',
		{
			default: 'index.html',
			example: 'home.html',
		},
	),
	fallback: key(
		oneOf([fallbackPath, off], FALLBACK),
		'The file that answers, with 200, for pages that are not there, as single-page applications need it. A path whose ending is that of a known type (`/app.js`) gets 404 all the same.',
		{ default: 'off', example: '/index.html' },
	),
	immutable: key(
		oneOf(
			[bool(), immutablePath, list(immutablePath, 'paths')],
			'true, false, or paths within the folder such as /assets/*',
		),
		'Files whose content never changes, since another content gets another name: browsers and CDNs keep them for a year. `true`: names that hold a hash, such as `app.3f2a1b9c.js`; a path: everything there.',
		{ default: false, example: '/assets/*' },
	),
	cacheControl: key(
		valueOrOff,
		'`Cache-Control` of everything else. `no-cache` may be kept, and is asked for again by its ETag each time.',
		{ default: 'no-cache', example: 'public, max-age=300' },
	),
	cdnCacheControl: key(
		valueOrOff,
		'`CDN-Cache-Control` (RFC 9213) of everything else: what a CDN does instead of `cacheControl`.',
		{ default: 'off', example: 'max-age=86400' },
	),
	precompressed: key(
		oneOf([list(coding, 'codings'), bool()], 'a list of br, zstd, gzip, or true for all three'),
		'Files beside the others that hold the same compressed (`app.js.br`, `.zst`, `.gz`); of those that a client likes as much, the first of this list.',
		{ default: false, example: ['br', 'gzip'] },
	),
	types: key(
		map(text('a content type such as model/gltf-binary', complainOfFieldValue), 'content types by ending'),
		'Content types by the ending of the name, beside those that are known.',
		{ default: {}, example: { glb: 'model/gltf-binary' } },
	),
});

export const filesSchema = oneOf(
	[folder, long],
	'a path of a folder, or an object with folder, index, fallback, immutable',
);

export type FilesInput = z.input<typeof filesSchema>;
