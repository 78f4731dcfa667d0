import type { DataPlane, TraceContext } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Route } from '../../gateway/route.ts';
import type { Requesting } from '../../gateway/upstream-head.ts';
import { Framing } from '../../wire/framing.ts';
import { STRIDE } from '../../wire/head.ts';
import { RequestHead } from '../../wire/request-head.ts';

const NOTHING = Buffer.alloc(0);
const GET = Buffer.from('GET');

/** A copy of a request without a body, which outlives its client. */
export class RequestImage implements Requesting {
	readonly plane: DataPlane;
	/** Whose attempts it is sent by. */
	readonly fetch: { readonly attempts: number };
	readonly head: RequestHead;
	readonly framing: Framing = new Framing();
	readonly mayUpgrade = false;
	readonly trace: TraceContext = { words: new Uint32Array(8), flags: 0 };
	readonly client: { trusted: boolean; secure: boolean; address: string; addressField: string; forwarded: Buffer } = {
		trusted: false,
		secure: false,
		address: '',
		addressField: '',
		forwarded: NOTHING,
	};
	conditions: Buffer | null = null;
	buffer: Buffer = Buffer.allocUnsafeSlow(2048);
	method = '';
	rewritten = false;
	targetStart = 0;
	targetEnd = 0;
	hostStart = 0;
	hostEnd = 0;
	absolute = false;
	route: Route | null = null;

	constructor(plane: DataPlane, fetch: { readonly attempts: number }) {
		this.plane = plane;
		this.fetch = fetch;
		this.head = new RequestHead(plane.limits.headFields);
	}

	copy(exchange: Exchange): void {
		const { head, client } = exchange;
		if (exchange.used > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(exchange.used + 1024);
		exchange.buffer.copy(this.buffer, 0, 0, exchange.used);
		const own = this.head;
		own.start = head.start;
		own.methodEnd = head.methodEnd;
		own.targetStart = head.targetStart;
		own.targetEnd = head.targetEnd;
		own.queryAt = head.queryAt;
		own.minor = head.minor;
		own.lineEnd = head.lineEnd;
		own.end = head.end;
		const cells = head.fields.count * STRIDE;
		if (cells > own.fields.table.length) own.fields.table = new Int32Array(cells);
		for (let i = 0; i < cells; i++) own.fields.table[i] = head.fields.table[i] as number;
		own.fields.count = head.fields.count;
		this.framing.read(this.buffer, own.fields);
		// What is asked for without its client is to be stored, and that is what a GET brings.
		if (exchange.headOnly) {
			own.start = own.methodEnd - GET.length;
			GET.copy(this.buffer, own.start);
		}
		this.method = exchange.headOnly ? 'GET' : exchange.method;
		this.rewritten = exchange.rewritten;
		this.targetStart = exchange.targetStart;
		this.targetEnd = exchange.targetEnd;
		this.hostStart = exchange.hostStart;
		this.hostEnd = exchange.hostEnd;
		this.absolute = exchange.absolute;
		this.route = exchange.route;
		this.trace.words.set(exchange.trace.words);
		this.trace.flags = exchange.trace.flags;
		this.client.trusted = client.trusted;
		this.client.secure = client.secure;
		this.client.address = client.address;
		this.client.addressField = client.addressField;
		this.client.forwarded = client.forwarded;
	}

	field(name: string): string | undefined {
		return this.head.fields.value(this.buffer, name);
	}
}
