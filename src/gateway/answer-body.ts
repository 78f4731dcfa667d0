import type { BodyScan } from '../wire/body.ts';
import type { Output } from '../wire/output.ts';

/** Bytes of a body that a scan found. */
export function payloadOf({ ranges, rangeCount }: BodyScan): number {
	let total = 0;
	for (let i = 0; i < rangeCount; i++) total += (ranges[2 * i + 1] as number) - (ranges[2 * i] as number);
	return total;
}

/** Writes what a scan found as one chunk. */
export function writeChunk(out: Output, bytes: Uint8Array, scan: BodyScan): void {
	const { ranges, rangeCount } = scan;
	out.chunkSize(payloadOf(scan));
	for (let i = 0; i < rangeCount; i++) out.copy(bytes, ranges[2 * i] as number, ranges[2 * i + 1] as number);
	out.crlf();
}
