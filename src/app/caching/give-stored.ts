import { randomBytes } from 'node:crypto';
import type { AnswerEntry } from '../../cache/answer-store.ts';
import { FillState } from '../../cache/answer-store.ts';
import {
	contentRangeLine,
	partHead,
	partsEnd,
	partsLength,
	unsatisfiedRangeLine,
} from '../../cache/rules/byteranges.ts';
import { writeAge, writeHitStatus } from '../../cache/rules/cache-status.ts';
import { isNotModified } from '../../cache/rules/precondition.ts';
import { type RangeChoice, rangeOf } from '../../cache/rules/ranges.ts';
import type { RequestControl } from '../../cache/rules/request-control.ts';
import { storedValue } from '../../cache/rules/stored-head.ts';
import { AnswerFlag, type StoredAnswer } from '../../cache/stored-answer.ts';
import { AnswerMode } from '../../gateway/answer-head.ts';
import type { Coding } from '../../gateway/compress/coding.ts';
import type { FieldLines } from '../../gateway/compress/compression.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Route } from '../../gateway/route.ts';
import { GATHER_BYTES } from '../../wire/output.ts';
import { type CompressedHeads, compressedHeads } from './compressed-heads.ts';
import { CompressedWait } from './compressed-wait.ts';
import { EntrySource, type Follower, type Heir, type Segment } from './entry-source.ts';
import { headAs, preparedHead } from './prepared-head.ts';
import type { RouteCache } from './route-cache.ts';

const NOTHING = Buffer.alloc(0);

export interface Giving {
	readonly exchange: Exchange;
	/** Its pin goes with it. */
	readonly entry: AnswerEntry;
	readonly control: RequestControl;
	readonly ageMs: number;
	/** Of a hit that says so; null: `status` is written, or nothing. */
	readonly ttlMs: number | null;
	/** The line of anything but a hit; null: none. */
	readonly status: Buffer | null;
	readonly hidden: ReadonlySet<string>;
	readonly follower: Follower;
	readonly heir: Heir | null;
	/** It was waited for: of what comes still all is given, though it may not be stored. */
	readonly follows?: boolean;
}

/** Gives a client a stored answer: whole, in part, or as the news that it has it already. null: that is done. */
export function giveStored(giving: Giving): EntrySource | null {
	const { exchange, entry, control, hidden } = giving;
	const answer = entry.answer as StoredAnswer;
	const length = answer.length >= 0 ? answer.length : entry.state === FillState.whole ? entry.received : -1;
	const own = preparedHead(answer, exchange, hidden);
	const compress = exchange.route?.compress ?? null;
	const heads = compress === null ? null : compressedHeads(own, { status: answer.status, length }, compress);
	const coding = heads === null || compress === null ? '' : compress.codingFor(requestOf(exchange));
	const head = heads?.plain ?? own;
	if (control.conditional && isNotModified(answer, { request: exchange, control })) {
		const unchanged = heads === null || coding === '' ? head : heads.of(coding);
		return bodiless(giving, 304, headAs('304 Not Modified', unchanged, { withoutBody: true }));
	}
	// The very part that was asked for is given as the origin gave it.
	if (control.rangeAt >= 0 && !isThePart(answer, exchange, control)) {
		const choice = rangeOf(answer, length, { request: exchange, control });
		if (choice.kind !== 'whole') return part(giving, head, choice);
	}
	if (heads !== null && coding !== '') return compressed(giving, { heads, coding, length });
	begin(giving, { status: answer.status, head, length });
	return body(giving);
}

/** Whether what is given of an answer of unknown length while it comes is what is given of it once it is whole. */
export function isGivenAsItComes(exchange: Exchange, answer: StoredAnswer, hidden: ReadonlySet<string>): boolean {
	const compress = exchange.route?.compress ?? null;
	if (compress === null) return true;
	const { status } = answer;
	const heads = compressedHeads(preparedHead(answer, exchange, hidden), { status, length: -1 }, compress);
	return heads === null || compress.codingFor(requestOf(exchange)) === '';
}

interface Form {
	readonly heads: CompressedHeads;
	readonly coding: Coding;
	/** Of the body as it is. */
	readonly length: number;
}

/** In a coding that the client likes better. */
function compressed(giving: Giving, of: Form): EntrySource | null {
	const { exchange, entry } = giving;
	const { compress, cache } = exchange.route as Route;
	const answers = (cache as unknown as RouteCache).compressed;
	if (entry.state !== FillState.whole || entry.distant !== null) return compressedOnItsWay(giving, of);
	const known = answers?.find(entry, of.coding) ?? null;
	if (known === null && exchange.headOnly) {
		begin(giving, { status: entry.answer?.status ?? 0, head: of.heads.of(of.coding), length: -1 });
		return body(giving);
	}
	const form = known ?? answers?.make(entry, of.coding, compress?.level(of.coding) ?? 0) ?? null;
	if (form === null || form.state === FillState.whole) return inForm(giving, of, form);
	new CompressedWait({ exchange, entry, form }, (made) => void inForm(giving, of, made));
	return null;
}

/** `form`: its pin goes with it; null: it is not there. */
function inForm(giving: Giving, { heads, coding, length }: Form, form: AnswerEntry | null): EntrySource | null {
	const { entry } = giving;
	const status = entry.answer?.status ?? 0;
	if (form === null || form.received === 0) {
		form?.release();
		begin(giving, { status, head: heads.plain, length });
		return body(giving);
	}
	form.touch();
	begin(giving, { status, head: heads.of(coding), length: form.received });
	entry.release();
	return body({ ...giving, entry: form });
}

/** What still grows, or lies on disk, is compressed for each who follows it. */
function compressedOnItsWay(giving: Giving, { heads, coding, length }: Form): EntrySource | null {
	const { exchange, entry } = giving;
	const status = entry.answer?.status ?? 0;
	const coded = !exchange.headOnly && exchange.compressAnswer(coding);
	begin(giving, coded ? { status, head: heads.of(coding), length: -1 } : { status, head: heads.plain, length });
	return body(giving);
}

const requestOf = ({ head, buffer }: Exchange): FieldLines => ({ fields: head.fields, bytes: buffer });

function isThePart({ flags, vary }: StoredAnswer, { head, buffer }: Exchange, control: RequestControl): boolean {
	return (flags & AnswerFlag.partial) !== 0 && vary[0]?.value === head.fields.valueAt(buffer, control.rangeAt);
}

interface Beginning {
	status: number;
	head: Buffer;
	length: number;
}

function begin({ exchange, ageMs, ttlMs, status: line }: Giving, { status, head, length }: Beginning): void {
	const { out } = exchange.plane;
	out.bytes(head);
	writeAge(out, ageMs);
	if (ttlMs !== null) writeHitStatus(out, ttlMs);
	else if (line !== null) out.bytes(line);
	exchange.beginAnswer(status, NOTHING, length, true);
}

function body({ exchange, entry, follower, heir, follows }: Giving, segments?: readonly Segment[]): EntrySource | null {
	if (exchange.answerMode === AnswerMode.none) {
		entry.release();
		exchange.flushAnswer();
		exchange.answerEnd(null);
		return null;
	}
	if (segments === undefined && wentAtOnce(exchange, entry)) return null;
	const source = new EntrySource(exchange, entry, follower, heir);
	if (follows) source.follow();
	source.begin(segments);
	return source.done ? null : source;
}

/** A short body that is all there is copied behind its head: nothing has to be held until the client has it. */
function wentAtOnce(exchange: Exchange, entry: AnswerEntry): boolean {
	if (entry.state !== FillState.whole) return false;
	const { received } = entry;
	if (received >= GATHER_BYTES) return false;
	if (received > 0) {
		const bytes = entry.read(0);
		if (bytes.length !== received) return false;
		exchange.answerPiece(bytes);
	}
	exchange.answerEnd(entry.trailers);
	entry.release();
	return true;
}

function bodiless(giving: Giving, status: number, head: Buffer): null {
	const { exchange, entry } = giving;
	begin(giving, { status, head, length: status === 416 ? 0 : -1 });
	entry.release();
	exchange.flushAnswer();
	exchange.answerEnd(null);
	return null;
}

function part(giving: Giving, head: Buffer, choice: Exclude<RangeChoice, { kind: 'whole' }>): EntrySource | null {
	if (choice.kind === 'unsatisfiable') {
		const more = unsatisfiedRangeLine(choice.total);
		return bodiless(giving, 416, headAs('416 Range Not Satisfiable', head, { withoutBody: true, more }));
	}
	const { ranges, total, offset } = choice;
	const [first] = ranges;
	if (ranges.length === 1 && first !== undefined) {
		const more = contentRangeLine(first, total);
		const length = first.last - first.first + 1;
		begin(giving, { status: 206, head: headAs('206 Partial Content', head, { withoutBody: false, more }), length });
		return body(giving, [{ lead: null, from: first.first - offset, to: first.last + 1 - offset }]);
	}
	const type = storedValue(head, 'content-type') ?? null;
	const source = { total, type, boundary: randomBytes(16).toString('hex') };
	const more = `Content-Type: multipart/byteranges; boundary=${source.boundary}\r\n`;
	const untyped = Buffer.from(head.toString('latin1').replace(/^content-type:.*\r\n/gim, ''), 'latin1');
	const whole = headAs('206 Partial Content', untyped, { withoutBody: false, more });
	begin(giving, { status: 206, head: whole, length: partsLength(ranges, source) });
	const segments: Segment[] = ranges.map((range) => ({
		lead: Buffer.from(partHead(range, source), 'latin1'),
		from: range.first - offset,
		to: range.last + 1 - offset,
	}));
	segments.push({ lead: Buffer.from(partsEnd(source.boundary), 'latin1'), from: 0, to: 0 });
	return body(giving, segments);
}
