import type { FillingEntry } from '../../cache/answer-store.ts';
import type { BodyScan } from '../../wire/body.ts';
import type { Overflow } from './overflow.ts';

interface Storing {
	readonly entry: FillingEntry;
	/** Gets what is not stored: the client has it from there, once it has what was stored. */
	readonly overflow: Overflow;
	/** Bytes of the body that may be stored. */
	readonly most: number;
}

/** Puts what came of a body where it is stored. */
export function storePayload(
	{ bytes, scan }: { bytes: Uint8Array; scan: BodyScan },
	{ entry, overflow, most }: Storing,
): void {
	const { ranges, rangeCount } = scan;
	for (let i = 0; i < rangeCount; i++) {
		const start = ranges[2 * i] as number;
		const end = ranges[2 * i + 1] as number;
		const taken = entry.distantFill?.taken ?? entry.received;
		const fits = !overflow.holds && taken + end - start <= most;
		if (fits && entry.append(bytes, start, end)) continue;
		takeBack(entry, overflow);
		overflow.add(bytes.subarray(start, end));
	}
}

/** What was on its way to the disk and will not be there. */
export function takeBack(entry: FillingEntry | null, overflow: Overflow): void {
	const fill = entry?.distantFill ?? null;
	if (fill === null) return;
	overflow.add(Buffer.alloc(0));
	for (const piece of fill.takeBack()) overflow.add(piece);
}
