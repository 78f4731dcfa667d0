import type { AccessEntry, AttemptEntry } from '../core/access-entry.ts';
import { cachedName } from '../core/cached.ts';
import { errorAt } from '../core/errors.ts';
import { ATTEMPTS_AT, CACHED_MASK, Flag, Float, Int, TRACE } from './record-layout.ts';
import type { RecordRing } from './record-ring.ts';

/** What the numbers in a record stand for. */
export interface RecordNames {
	/** Service and route of a series; undefined: none is known. */
	route(series: number): { service: string; route: string } | undefined;
	/** The name of an instance by its serial number; '' : unknown. */
	instance(serial: number): string;
}

const ATTEMPT_BYTES = 24;
const NO_ROUTE = { service: '', route: '' };

/** Reads requests out of a ring, as `drain` hands them over. */
export class RecordReader {
	readonly #ring: RecordRing;
	readonly #text: Buffer;
	readonly #names: RecordNames;

	constructor(ring: RecordRing, names: RecordNames) {
		this.#ring = ring;
		this.#text = Buffer.from(ring.bytes.buffer, ring.bytes.byteOffset, ring.bytes.byteLength);
		this.#names = names;
	}

	/** Bits of `Want`. */
	wants(at: number): number {
		return this.#ring.ints[(at >> 2) + Int.wants] as number;
	}

	read(at: number): AccessEntry {
		const { ints, floats } = this.#ring;
		const int = at >> 2;
		const float = at >> 3;
		const flags = ints[int + Int.flags] as number;
		const kept = (ints[int + Int.attempts] as number) & 0xffff;
		const status = ints[int + Int.status] as number;
		const durationUs = ints[int + Int.durationUs] as number;
		const attempts = this.#attempts(int + ATTEMPTS_AT / 4, kept, durationUs);
		const { service, route } = this.#names.route(ints[int + Int.series] as number) ?? NO_ROUTE;
		return {
			timeMs: floats[float + Float.timeMs] as number,
			durationUs,
			queueUs: ints[int + Int.queueUs] as number,
			connectUs: ints[int + Int.connectUs] as number,
			firstByteUs: ints[int + Int.firstByteUs] as number,
			transferUs: ints[int + Int.transferUs] as number,
			...this.#texts(int, at + ATTEMPTS_AT + kept * ATTEMPT_BYTES),
			scheme: flags & Flag.secure ? 'https' : 'http',
			protocol: flags & Flag.minor ? '1.1' : '1.0',
			service,
			route,
			status: status & 0xffff,
			error: errorAt(status >>> 16),
			requestBytes: floats[float + Float.requestBytes] as number,
			responseBytes: floats[float + Float.responseBytes] as number,
			instance: attempts.at(-1)?.instance ?? '',
			attempts,
			cache: cachedName((flags / Flag.cached) & CACHED_MASK),
			traceId: this.#id(int + TRACE, 4),
			parentId: this.#id(int + TRACE + 6, 2),
			spanId: this.#id(int + TRACE + 4, 2),
			weight: ints[int + Int.weight] as number,
			notable: (flags & Flag.notable) !== 0,
			sampled: (flags & Flag.sampled) !== 0,
		};
	}

	#texts(int: number, at: number): Pick<AccessEntry, 'method' | 'host' | 'path' | 'query' | 'userAgent' | 'address'> {
		const lengths = (which: number): number => this.#ring.ints[int + which] as number;
		let to = at;
		const text = (length: number): string => {
			const from = to;
			to += length;
			return length === 0 ? '' : this.#text.toString('latin1', from, to);
		};
		return {
			method: text(lengths(Int.methodHost) & 0xffff),
			host: text(lengths(Int.methodHost) >>> 16),
			path: text(lengths(Int.pathQuery) & 0xffff),
			query: text(lengths(Int.pathQuery) >>> 16),
			userAgent: text(lengths(Int.agentAddress) & 0xffff),
			address: text(lengths(Int.agentAddress) >>> 16),
		};
	}

	#attempts(int: number, kept: number, durationUs: number): AttemptEntry[] {
		const { ints } = this.#ring;
		const attempts: AttemptEntry[] = [];
		for (let i = 0; i < kept; i++) {
			const base = int + i * 6;
			const result = ints[base + 5] as number;
			const startUs = ints[base + 1] as number;
			const endUs = ints[base + 4] as number;
			attempts.push({
				instance: this.#names.instance(ints[base] as number),
				startUs,
				connectUs: ints[base + 2] as number,
				headUs: ints[base + 3] as number,
				// What did not fail ends with the request.
				endUs: endUs < 0 ? Math.max(0, durationUs - startUs) : endUs,
				status: result & 0xffff,
				error: errorAt(result >>> 16),
			});
		}
		return attempts;
	}

	/** Lower-case hex; '' when all is 0. */
	#id(int: number, words: number): string {
		let text = '';
		let any = 0;
		for (let i = int; i < int + words; i++) {
			const word = this.#ring.ints[i] as number;
			any |= word;
			text += (word >>> 0).toString(16).padStart(8, '0');
		}
		return any === 0 ? '' : text;
	}
}
