import type { DataPlane, TraceContext } from '../../gateway/data-plane.ts';
import type { Route } from '../../gateway/route.ts';
import { forwardedLines } from '../../gateway/upstream-head.ts';
import { Framing } from '../../wire/framing.ts';
import { RequestHead } from '../../wire/request-head.ts';
import { readStoredRequest } from './stored-request.ts';

/** Fields that a head may have beyond those that clients may send: what stood in the request line, and our own. */
const FIELDS_MORE = 8;

/** The request of a job, read again as it was stored. */
export class JobImage {
	readonly plane: DataPlane;
	readonly head: RequestHead;
	readonly framing: Framing = new Framing();
	readonly buffer: Buffer;
	readonly method: string;
	readonly service: string;
	readonly routeName: string;
	readonly trace: TraceContext = { words: new Uint32Array(8), flags: 0 };
	readonly client: { trusted: boolean; secure: boolean; address: string; addressField: string; forwarded: Buffer };
	readonly mayUpgrade = false;
	readonly rewritten = false;
	readonly absolute = false;
	readonly conditions: null = null;
	readonly headOnly: boolean;
	readonly targetStart: number;
	readonly targetEnd: number;
	readonly pathStart: number;
	readonly pathEnd: number;
	readonly hostStart: number;
	readonly hostEnd: number;
	route: Route | null = null;

	/** @throws where it is not what was stored */
	constructor(plane: DataPlane, stored: Uint8Array) {
		this.plane = plane;
		const { notes, head } = readStoredRequest(stored);
		this.buffer = head;
		this.head = new RequestHead(Math.max(plane.limits.headFields, 100) + FIELDS_MORE);
		const parsed = this.head.parse(head, 0, head.length, head.length);
		if (parsed !== head.length || !this.framing.read(head, this.head.fields))
			throw new Error('the stored request of a job cannot be read');
		this.method = notes.method;
		this.service = notes.service;
		this.routeName = notes.route;
		this.headOnly = notes.method === 'HEAD';
		const { trusted, secure, address, addressField } = notes;
		this.client = { trusted, secure, address, addressField, forwarded: forwardedLines(address, secure) };
		this.trace.words.set(notes.trace.words);
		this.trace.flags = notes.trace.flags;
		this.targetStart = this.head.targetStart;
		this.targetEnd = this.head.targetEnd;
		this.pathStart = this.head.targetStart;
		this.pathEnd = this.head.queryAt;
		const { hostAt } = this.framing;
		this.hostStart = hostAt < 0 ? 0 : this.head.valueStart(hostAt);
		this.hostEnd = hostAt < 0 ? 0 : this.head.valueEnd(hostAt);
	}

	field(name: string): string | undefined {
		return this.head.fields.value(this.buffer, name);
	}
}
