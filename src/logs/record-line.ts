import { CACHE_RESULTS } from '../core/cached.ts';
import { ERRORS, errorAt } from '../core/errors.ts';
import {
	type LineBuffer,
	MOST_A_CHARACTER,
	putFragment,
	putHexWords,
	putInteger,
	putJson,
	putJsonBytes,
	putSeconds,
	putTime,
} from './line-buffer.ts';
import {
	ADDRESS,
	AGENT,
	ATTEMPTS,
	CACHE,
	DURATION,
	ERROR,
	METHOD,
	PATH,
	PROTOCOL,
	QUERY,
	QUEUE,
	REQUEST_BYTES,
	RESPONSE_BYTES,
	ROUTE,
	SERVICE,
	SEVERITY,
	SPAN_ID,
	STATUS,
	TIMESTAMP,
	TRACE_ID,
	UPSTREAM,
	UPSTREAM_DURATION,
	WEIGHT,
} from './line-keys.ts';
import { ATTEMPTS_AT, CACHED_MASK, Flag, Float, Int, TRACE } from './record-layout.ts';
import type { RecordNames } from './record-reader.ts';
import type { RecordRing } from './record-ring.ts';
import type { Redactor } from './redact.ts';

/** What keys, numbers and ids of a line take at most, names of routes and instances included. */
const FIXED_BYTES = 8192;
const ATTEMPT_INTS = 6;
const QUOTE = 34;
/** A power of two. */
const AGENTS = 256;
/** A digit that begins so many is looked at closer: it may be the number of a card. */
const DIGITS = 13;

const text = (key: Uint8Array, value: string): Uint8Array => {
	if (value === '') return new Uint8Array();
	const bytes = Buffer.allocUnsafe(key.length + value.length * MOST_A_CHARACTER + 1);
	const end = putJson(bytes, putFragment(bytes, 0, key), value);
	bytes[end] = QUOTE;
	return bytes.subarray(0, end + 1);
};

/** By index of the failure: its field, and whether it is an error of ours or of an instance. */
const CAUSES: { field: Uint8Array; error: boolean }[] = [{ field: new Uint8Array(), error: false }];
for (let i = 1; errorAt(i) !== ''; i++) {
	const code = errorAt(i);
	CAUSES.push({ field: text(ERROR, code), error: code !== '' && ERRORS[code].fault !== 'client' });
}
/** By `Cached`, from 1. */
const CACHES = CACHE_RESULTS.map((result) => text(CACHE, result));
const join = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);
const NOTHING = new Uint8Array();
const END: Uint8Array = Buffer.from('"');
/** What stands between the values of a line that has all of them, in one piece each: fewer are quicker. */
const SEVERITY_TRACE = {
	info: join(SEVERITY.info, TRACE_ID),
	warn: join(SEVERITY.warn, TRACE_ID),
	error: join(SEVERITY.error, TRACE_ID),
};
const TO_SPAN = join(END, SPAN_ID);
const TO_PATH = join(END, PATH);
const PROTOCOLS = [text(PROTOCOL, '1.0'), text(PROTOCOL, '1.1')] as const;

interface RouteKeys {
	service: Uint8Array;
	route: Uint8Array;
	/** From the end of the span's id to the method; from the end of path or query to the status. */
	toMethod: Uint8Array;
	toStatus: Uint8Array;
}

/**
 * Lines of the access log straight from records: from bytes to bytes, without a string but where something has to be
 * redacted. The same line as `writeAccessLine` of the entry that `RecordReader` reads.
 */
export class RecordLines {
	readonly #ring: RecordRing;
	readonly #names: RecordNames;
	readonly #redactor: Redactor | null;
	/** Share of requests that get a line, of which a line says how many it stands for. */
	readonly #sample: number;
	readonly #latin: Buffer;
	readonly #routes = new Map<number, RouteKeys>();
	readonly #instances = new Map<number, Uint8Array>();
	/** User agents that were met, and the field that is written of each. */
	readonly #agents: ({ agent: Buffer; field: Buffer } | undefined)[] = new Array(AGENTS).fill(undefined);

	constructor(ring: RecordRing, names: RecordNames, options: { redactor: Redactor | null; sample: number }) {
		this.#ring = ring;
		this.#names = names;
		this.#redactor = options.redactor;
		this.#sample = options.sample;
		this.#latin = Buffer.from(ring.bytes.buffer, ring.bytes.byteOffset, ring.bytes.byteLength);
	}

	/** Routes or instances have other names now. */
	forget(): void {
		this.#routes.clear();
		this.#instances.clear();
	}

	#route(series: number): RouteKeys {
		let known = this.#routes.get(series);
		if (known === undefined) {
			const { service = '', route = '' } = this.#names.route(series) ?? {};
			const keys = { service: text(SERVICE, service), route: text(ROUTE, route) };
			const toMethod = join(END, keys.service, METHOD);
			this.#routes.set(series, (known = { ...keys, toMethod, toStatus: join(keys.route, STATUS) }));
		}
		return known;
	}

	#instance(serial: number): Uint8Array {
		let known = this.#instances.get(serial);
		if (known === undefined) this.#instances.set(serial, (known = text(UPSTREAM, this.#names.instance(serial))));
		return known;
	}

	write(record: number, out: LineBuffer): void {
		const { ints, floats } = this.#ring;
		const int = record >> 2;
		const float = record >> 3;
		const lengths = (which: number): number => ints[int + which] as number;
		const kept = lengths(Int.attempts) & 0xffff;
		const method = lengths(Int.methodHost) & 0xffff;
		const host = lengths(Int.methodHost) >>> 16;
		const path = lengths(Int.pathQuery) & 0xffff;
		const query = lengths(Int.pathQuery) >>> 16;
		const agent = lengths(Int.agentAddress) & 0xffff;
		const address = lengths(Int.agentAddress) >>> 16;
		out.reserve(FIXED_BYTES + MOST_A_CHARACTER * (method + path + query + agent + address));
		const { bytes } = out;
		const status = lengths(Int.status);
		const flags = lengths(Int.flags);
		const cause = CAUSES[status >>> 16] ?? (CAUSES[0] as (typeof CAUSES)[number]);
		const keys = this.#route(lengths(Int.series));
		const methodAt = record + ATTEMPTS_AT + kept * ATTEMPT_INTS * 4;
		const pathAt = methodAt + method + host;
		const agentAt = pathAt + path + query;
		const texts = this.#ring.bytes;
		const failed = (status & 0xffff) >= 500 || cause.error;
		const severity = failed ? 'error' : flags & Flag.notable ? 'warn' : 'info';
		let at = putTime(bytes, putFragment(bytes, out.length, TIMESTAMP), floats[float + Float.timeMs] as number);
		const traced = (ints[int + TRACE] as number) !== 0 && (ints[int + TRACE + 4] as number) !== 0;
		if (traced && method > 0) {
			at = putHexWords(bytes, put(bytes, at, SEVERITY_TRACE[severity]), ints, int + TRACE, 4);
			at = putHexWords(bytes, put(bytes, at, TO_SPAN), ints, int + TRACE + 4, 2);
			at = putJsonBytes(bytes, put(bytes, at, keys.toMethod), texts, methodAt, method);
		} else at = this.#untraced(bytes, at, { severity, int, service: keys.service, methodAt, method });
		at = this.#path(bytes, at, pathAt, path, traced && method > 0);
		at = this.#query(bytes, at, pathAt + path, query);
		if ((status & 0xffff) === 0) at = putFragment(bytes, at, keys.route);
		else at = putInteger(bytes, put(bytes, at, keys.toStatus), status & 0xffff);
		at = putFragment(bytes, at, cause.field);
		at = this.#put(bytes, at, { key: ADDRESS, start: agentAt + agent, length: address });
		at = put(bytes, at, PROTOCOLS[flags & Flag.minor ? 1 : 0]);
		at = this.#agent(bytes, at, agentAt, agent);
		at = putInteger(bytes, put(bytes, at, REQUEST_BYTES), floats[float + Float.requestBytes] as number);
		at = putInteger(bytes, put(bytes, at, RESPONSE_BYTES), floats[float + Float.responseBytes] as number);
		at = putSeconds(bytes, put(bytes, at, DURATION), lengths(Int.durationUs));
		at = this.#upstream(bytes, at, int, kept);
		const cached = (flags / Flag.cached) & CACHED_MASK;
		if (cached !== 0) at = put(bytes, at, CACHES[cached - 1] ?? NOTHING);
		if (lengths(Int.queueUs) > 0) at = putSeconds(bytes, putFragment(bytes, at, QUEUE), lengths(Int.queueUs));
		if (this.#sample < 1 && (flags & Flag.notable) === 0)
			at = putInteger(bytes, putFragment(bytes, at, WEIGHT), Math.round(1 / this.#sample));
		bytes[at++] = 125;
		bytes[at++] = 10;
		out.length = at;
	}

	/** A line without a trace, or without a method: of a request that could not be read. */
	#untraced(
		bytes: Buffer,
		from: number,
		of: { severity: keyof typeof SEVERITY; int: number; service: Uint8Array; methodAt: number; method: number },
	): number {
		const { severity, int, service, methodAt, method } = of;
		let at = putFragment(bytes, from, SEVERITY[severity]);
		at = this.#id(bytes, at, { key: TRACE_ID, start: int + TRACE, words: 4 });
		at = this.#id(bytes, at, { key: SPAN_ID, start: int + TRACE + 4, words: 2 });
		at = putFragment(bytes, at, service);
		return this.#put(bytes, at, { key: METHOD, start: methodAt, length: method });
	}

	#id(bytes: Buffer, at: number, { key, start, words }: { key: Uint8Array; start: number; words: number }): number {
		const { ints } = this.#ring;
		let any = 0;
		for (let i = start; i < start + words; i++) any |= ints[i] as number;
		if (any === 0) return at;
		const end = putHexWords(bytes, putFragment(bytes, at, key), ints, start, words);
		bytes[end] = QUOTE;
		return end + 1;
	}

	#put(bytes: Buffer, at: number, { key, start, length }: { key: Uint8Array; start: number; length: number }): number {
		if (length === 0) return at;
		const end = putJsonBytes(bytes, putFragment(bytes, at, key), this.#ring.bytes, start, length);
		bytes[end] = QUOTE;
		return end + 1;
	}

	#putText(bytes: Buffer, at: number, key: Uint8Array, value: string): number {
		const end = putJson(bytes, putFragment(bytes, at, key), value);
		bytes[end] = QUOTE;
		return end + 1;
	}

	/** `open`: the quotes of the method are still to be closed. */
	#path(bytes: Buffer, from: number, start: number, length: number, open: boolean): number {
		let at = from;
		if (open && length > 0 && (this.#redactor === null || !mayHold(this.#ring.bytes, start, start + length))) {
			at = putJsonBytes(bytes, put(bytes, at, TO_PATH), this.#ring.bytes, start, length);
			bytes[at] = QUOTE;
			return at + 1;
		}
		if (open) bytes[at++] = QUOTE;
		if (this.#redactor === null || !mayHold(this.#ring.bytes, start, start + length))
			return this.#put(bytes, at, { key: PATH, start, length });
		const path = this.#latin.toString('latin1', start, start + length);
		return this.#putText(bytes, at, PATH, this.#redactor.path(path));
	}

	#query(bytes: Buffer, at: number, start: number, length: number): number {
		if (this.#redactor === null || length === 0) return this.#put(bytes, at, { key: QUERY, start, length });
		const query = this.#latin.toString('latin1', start, start + length);
		return this.#putText(bytes, at, QUERY, this.#redactor.query(query));
	}

	#agent(bytes: Buffer, at: number, start: number, length: number): number {
		if (length === 0) return at;
		// The same programs come again and again: what is written of one is kept.
		const slot = slotOf(this.#latin, start, length);
		const known = this.#agents[slot];
		if (known !== undefined && known.agent.length === length) {
			if (known.agent.compare(this.#latin, start, start + length) === 0) return put(bytes, at, known.field);
		}
		const end = this.#newAgent(bytes, at, start, length);
		const agent = Buffer.from(this.#latin.subarray(start, start + length));
		this.#agents[slot] = { agent, field: Buffer.from(bytes.subarray(at, end)) };
		return end;
	}

	#newAgent(bytes: Buffer, at: number, start: number, length: number): number {
		if (this.#redactor === null) return this.#put(bytes, at, { key: AGENT, start, length });
		const agent = this.#latin.toString('latin1', start, start + length);
		return this.#putText(bytes, at, AGENT, this.#redactor.userAgent(agent));
	}

	#upstream(bytes: Buffer, from: number, int: number, kept: number): number {
		if (kept === 0) return from;
		const { ints } = this.#ring;
		const last = int + ATTEMPTS_AT / 4 + (kept - 1) * ATTEMPT_INTS;
		let at = putFragment(bytes, from, this.#instance(ints[last] as number));
		at = putInteger(bytes, putFragment(bytes, at, ATTEMPTS), (ints[int + Int.attempts] as number) >>> 16);
		const start = ints[last + 1] as number;
		const end = ints[last + 4] as number;
		const us = end < 0 ? Math.max(0, (ints[int + Int.durationUs] as number) - start) : end;
		return putSeconds(bytes, put(bytes, at, UPSTREAM_DURATION), us);
	}
}

/** Which place of the user agents these bytes take: their length and some of them tell most apart. */
function slotOf(bytes: Buffer, start: number, length: number): number {
	let hash = length;
	const step = (length >> 3) + 1;
	for (let i = 0; i < length; i += step) hash = Math.imul(hash, 31) + (bytes[start + i] as number);
	return (hash ^ (hash >>> 9)) & (AGENTS - 1);
}

/** Longer ones are quicker by the runtime's own copy. */
function put(bytes: Buffer, at: number, fragment: Uint8Array): number {
	bytes.set(fragment, at);
	return at + fragment.length;
}

/** Whether a path may hold what is redacted: an address, a token, a pair, the number of a card. */
function mayHold(bytes: Uint8Array, start: number, end: number): boolean {
	let digits = 0;
	for (let i = start; i < end; i++) {
		const byte = bytes[i] as number;
		if (byte >= 48 && byte <= 57) {
			if (++digits >= DIGITS) return true;
		} else if (byte === 64 || byte === 61 || byte === 37) return true;
		// `ey` of a JSON Web Token.
		else if (byte === 101 && bytes[i + 1] === 121) return true;
		else if ((byte === 95 || byte === 45 || byte === 65) && beginsToken(bytes, i)) return true;
		else if (byte !== 32 && byte !== 45) digits = 0;
	}
	return false;
}

/** Whether a `_`, `-` or `A` may be that of a token that is known by how it begins; see `TOKEN` in redact.ts. */
function beginsToken(bytes: Uint8Array, at: number): boolean {
	const [second, last, next] = [bytes[at - 2], bytes[at - 1], bytes[at + 1]];
	if (bytes[at] === 65) {
		// `AKIA`, `ASIA`, `AIza`.
		const third = bytes[at + 2];
		return next === 73 ? third === 122 : (next === 75 || next === 83) && third === 73;
	}
	// `github_pat_`, `glpat-`.
	if (second === 97 && last === 116) return true;
	// `xoxb-`, `xapp-`.
	if (bytes[at] === 45) return bytes[at - 4] === 120;
	// `ghp_`, `sk_`, `whsec_`, `npm_`.
	return second === 104 || last === 107 || (second === 101 && last === 99) || (second === 112 && last === 109);
}
