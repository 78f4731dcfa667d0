import type { Cached } from '../core/cached.ts';
import { ATTEMPTS_AT, Flag, Float, Int, Most, TRACE } from './record-layout.ts';
import type { RecordRing } from './record-ring.ts';

/** Where a field's value stands among five numbers of a head's table. */
const STRIDE = 5;

/** A request at its end, as it is written down; the gateway's `Exchange` fits it. */
export interface Recorded {
	readonly buffer: Buffer;
	readonly method: string;
	readonly status: number;
	readonly pathStart: number;
	readonly pathEnd: number;
	readonly targetEnd: number;
	readonly hostStart: number;
	readonly hostEnd: number;
	/** The target was changed on the way: as it came it stands in the head. */
	readonly rewritten: boolean;
	readonly bytesOut: number;
	/** The trace's id, our span's, the caller's; and whether it is sampled. */
	readonly trace: { readonly words: Uint32Array; readonly flags: number };
	readonly body: { readonly received: number };
	readonly framing: { readonly userAgentAt: number };
	readonly head: {
		readonly minor: number;
		readonly targetStart: number;
		readonly targetEnd: number;
		readonly queryAt: number;
		readonly fields: { readonly table: Int32Array };
	};
	readonly cache: { readonly cached: Cached };
	readonly client: { readonly secure: boolean };
	readonly fetch: {
		readonly attempts: number;
		readonly times: { readonly cells: Int32Array; readonly count: number };
	};
}

/** What else there is to say of it. One object serves all records. */
export interface RecordNotes {
	/** Bits of `Want`. */
	wants: number;
	/** Epoch ms at its begin. */
	timeMs: number;
	durationUs: number;
	queueUs: number;
	connectUs: number;
	firstByteUs: number;
	transferUs: number;
	series: number;
	/** Index of the failure; 0: none. */
	cause: number;
	weight: number;
	notable: boolean;
	/** The client's address. */
	address: string;
}

/** The flag of `traceparent`. */
const SAMPLED = 1;
/** Below this many bytes a plain loop is quicker than the call into the runtime. */
const SHORT = 40;
/** Numbers kept of each attempt. */
const ATTEMPT_INTS = 6;

/** Writes requests down into a ring: bytes from the head to shared memory, nothing is allocated. */
export class RecordWriter {
	readonly #ring: RecordRing;

	constructor(ring: RecordRing) {
		this.#ring = ring;
	}

	write(request: Recorded, notes: RecordNotes): void {
		const { head, buffer } = request;
		const raw = request.rewritten;
		const pathStart = raw ? head.targetStart : request.pathStart;
		const pathEnd = raw ? head.queryAt : request.pathEnd;
		const queryEnd = raw ? head.targetEnd : request.targetEnd;
		const path = cut(pathEnd - pathStart, Most.path);
		const query = cut(queryEnd - pathEnd - 1, Most.query);
		const host = cut(request.hostEnd - request.hostStart, Most.host);
		const { table } = head.fields;
		const agentRow = request.framing.userAgentAt * STRIDE;
		const agentStart = agentRow < 0 ? 0 : (table[agentRow + 2] as number);
		const agent = agentRow < 0 ? 0 : cut((table[agentRow + 3] as number) - agentStart, Most.agent);
		const method = cut(request.method.length, Most.method);
		const address = cut(notes.address.length, Most.address);
		const { times } = request.fetch;
		const attemptBytes = times.count * ATTEMPT_INTS * 4;
		const size = ATTEMPTS_AT + attemptBytes + method + host + path + query + agent + address;
		const at = this.#ring.reserve(size);
		if (at < 0) return;
		const { ints, bytes } = this.#ring;
		this.#numbers(at, request, notes);
		const int = at >> 2;
		ints[int + Int.attempts] = times.count | (Math.min(request.fetch.attempts, 0x7fff) << 16);
		ints[int + Int.methodHost] = method | (host << 16);
		ints[int + Int.pathQuery] = path | (query << 16);
		ints[int + Int.agentAddress] = agent | (address << 16);
		let to = at + ATTEMPTS_AT;
		for (let i = 0, from = to >> 2; i < times.count * ATTEMPT_INTS; i++) ints[from + i] = times.cells[i] as number;
		to += attemptBytes;
		to = putText(bytes, to, request.method, method);
		to = putBytes(bytes, to, buffer, request.hostStart, host);
		to = putBytes(bytes, to, buffer, pathStart, path);
		to = putBytes(bytes, to, buffer, pathEnd + 1, query);
		to = putBytes(bytes, to, buffer, agentStart, agent);
		putText(bytes, to, notes.address, address);
		this.#ring.publish(size);
	}

	#numbers(at: number, request: Recorded, notes: RecordNotes): void {
		const { ints, floats } = this.#ring;
		const int = at >> 2;
		const float = at >> 3;
		floats[float + Float.timeMs] = notes.timeMs;
		floats[float + Float.requestBytes] = request.body.received;
		floats[float + Float.responseBytes] = request.bytesOut;
		ints[int + Int.wants] = notes.wants;
		ints[int + Int.durationUs] = notes.durationUs;
		ints[int + Int.status] = request.status | (notes.cause << 16);
		ints[int + Int.series] = notes.series;
		ints[int + Int.flags] =
			(request.client.secure ? Flag.secure : 0) |
			(request.head.minor === 1 ? Flag.minor : 0) |
			(notes.notable ? Flag.notable : 0) |
			(request.cache.cached * Flag.cached) |
			((request.trace.flags & SAMPLED) !== 0 ? Flag.sampled : 0);
		ints[int + Int.weight] = notes.weight;
		ints[int + Int.queueUs] = notes.queueUs;
		ints[int + Int.connectUs] = notes.connectUs;
		ints[int + Int.firstByteUs] = notes.firstByteUs;
		ints[int + Int.transferUs] = notes.transferUs;
		const { words } = request.trace;
		for (let i = 0; i < 8; i++) ints[int + TRACE + i] = words[i] as number;
	}
}

const cut = (length: number, most: number): number => (length < 0 ? 0 : length > most ? most : length);

function putBytes(to: Uint8Array, at: number, from: Buffer, start: number, length: number): number {
	if (length < SHORT) for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
	else from.copy(to, at, start, start + length);
	return at + length;
}

function putText(to: Uint8Array, at: number, text: string, length: number): number {
	for (let i = 0; i < length; i++) to[at + i] = text.charCodeAt(i);
	return at + length;
}
