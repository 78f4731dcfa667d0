import type { Coding } from './coding.ts';

/** Which answers of a route are compressed, and how. Plain data. */
export interface CompressPolicy {
	/** Of those that a client likes as much, the first. */
	encodings: Coding[];
	/** Shorter bodies stay as they are, bytes. */
	minBytes: number;
	/** Lower case: `text/html`, `text/*`, or `+json` for all that end so. */
	types: string[];
	/** As the codings count them: br 0 to 11, zstd 1 to 19, gzip 1 to 9. */
	levels: Record<Coding, number>;
}

/** What gets smaller by it. Streams of events are none of them: nobody may hold them back. */
export const COMPRESSIBLE_TYPES: readonly string[] = [
	'text/*',
	'+json',
	'+xml',
	'application/json',
	'application/javascript',
	'application/xml',
	'application/x-ndjson',
	'application/wasm',
	'font/otf',
	'font/ttf',
];

export const COMPRESS: CompressPolicy = {
	encodings: ['br', 'zstd', 'gzip'],
	minBytes: 1024,
	types: [...COMPRESSIBLE_TYPES],
	levels: { br: 5, zstd: 3, gzip: 6 },
};
