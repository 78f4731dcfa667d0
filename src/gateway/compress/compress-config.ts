/** What a person writes of compression. */
import { z } from 'zod';
import { choice, integer, key, list, object, oneOf, size, text } from '../../core/schema.ts';
import { COMPRESSIBLE_TYPES } from './compress-policy.ts';

const TYPE = 'a content type such as text/html, text/* or +json';
const type = text(TYPE, (value) =>
	/^(?:[\w!#$&^.-]+\/(?:\*|[\w!#$&^.+-]+)|\+[\w.-]+)$/.test(value) ? undefined : `expected ${TYPE}`,
);
const encodings = list(choice('br', 'zstd', 'gzip'), 'br, zstd, gzip');

const long = object({
	encodings: key(
		encodings,
		'The codings that are used; of those that a client likes as much, the first of this list.',
		{
			default: ['br', 'zstd', 'gzip'],
			example: ['gzip'],
		},
	),
	min: key(size(0, 1_073_741_824), 'Shorter bodies stay as they are.', { default: '1KiB', example: '4KiB' }),
	types: key(
		list(type, 'content types'),
		'Content types that are compressed: `text/html`, `text/*`, or `+json` for all that end so. It replaces the default list.',
		{
			default: COMPRESSIBLE_TYPES,
			example: ['text/*', 'application/json'],
		},
	),
	levels: key(
		object({
			br: key(integer(0, 11), 'Of Brotli.', { default: 5, example: 9 }),
			zstd: key(integer(1, 19), 'Of Zstandard.', { default: 3, example: 9 }),
			gzip: key(integer(1, 9), 'Of gzip.', { default: 6, example: 9 }),
		}),
		'How much time is spent on each: higher is smaller and slower.',
		{ default: { br: 5, zstd: 3, gzip: 6 }, example: { br: 9 } },
	),
});

export const compressSchema = oneOf(
	[z.literal([true, false, 'off'], { error: 'expected true or off' }), encodings, long],
	'true, off, a list of br, zstd, gzip, or an object with encodings, min, types, levels',
);

export type CompressInput = z.input<typeof compressSchema>;
