import type { Random } from '../../src/wire/testing/random.ts';
import { StreamReader } from '../../src/wire/testing/stream-reader.ts';

/** Where the bytes are cut so that the codec reads something else than in one piece; empty: nowhere that was tried. */
export function telltaleCut(bytes: Buffer, methods: readonly string[] | null, random: Random): number[] {
	const whole = readIn([bytes], methods);
	const ends = Array.from({ length: 1 + random.int(4) }, () => random.int(bytes.length + 1)).sort((a, b) => a - b);
	const pieces = [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
	return readIn(pieces, methods) === whole ? [] : ends;
}

function readIn(pieces: Buffer[], methods: readonly string[] | null): string {
	const reader = new StreamReader(methods);
	for (const piece of pieces) reader.feed(Buffer.from(piece));
	return JSON.stringify(reader.result);
}
