import { KeptKey } from '../../cache/kept-key.ts';
import { RequestControl } from '../../cache/rules/request-control.ts';
import type { Destination } from '../../gateway/attempt.ts';
import type { DataPlane, TraceContext } from '../../gateway/data-plane.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Route } from '../../gateway/route.ts';
import { type Requesting, writeUpstreamHead } from '../../gateway/upstream-head.ts';
import { Framing } from '../../wire/framing.ts';
import { STRIDE } from '../../wire/head.ts';
import type { Output } from '../../wire/output.ts';
import { RequestHead } from '../../wire/request-head.ts';

const NOTHING = Buffer.alloc(0);

/** A copy of a request without a body, which outlives its client: what an answer that is to be stored is asked for by. */
export abstract class RequestImage implements Requesting {
	readonly plane: DataPlane;
	readonly head: RequestHead;
	readonly framing: Framing = new Framing();
	readonly mayUpgrade = false;
	readonly headOnly = false;
	readonly resendable = true;
	readonly requestDone = true;
	readonly trace: TraceContext = { words: new Uint32Array(8), flags: 0 };
	readonly client: { trusted: boolean; secure: boolean; address: string; addressField: string; forwarded: Buffer } = {
		trusted: false,
		secure: false,
		address: '',
		addressField: '',
		forwarded: NOTHING,
	};
	abstract readonly fetch: { readonly attempts: number };
	/** In the place of the client's own conditions and `Range`; empty: without any; null: with the client's own. */
	conditions: Buffer | null = NOTHING;
	readonly control: RequestControl = new RequestControl();
	/** What the answer is stored under. */
	readonly key: KeptKey = new KeptKey();
	/** Hash of its URL. */
	url = 0;
	buffer: Buffer = Buffer.allocUnsafeSlow(2048);
	method = '';
	rewritten = false;
	targetStart = 0;
	targetEnd = 0;
	hostStart = 0;
	hostEnd = 0;
	absolute = false;
	route: Route | null = null;

	constructor(plane: DataPlane) {
		this.plane = plane;
		this.head = new RequestHead(plane.limits.headFields);
	}

	protected copy(exchange: Exchange): void {
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
		this.method = exchange.method;
		this.rewritten = exchange.rewritten;
		this.targetStart = exchange.targetStart;
		this.targetEnd = exchange.targetEnd;
		this.hostStart = exchange.hostStart;
		this.hostEnd = exchange.hostEnd;
		this.absolute = exchange.absolute;
		this.trace.words.set(exchange.trace.words);
		this.trace.flags = exchange.trace.flags;
		this.client.trusted = client.trusted;
		this.client.secure = client.secure;
		this.client.address = client.address;
		this.client.addressField = client.addressField;
		this.client.forwarded = client.forwarded;
	}

	writeRequestHead(out: Output, destination: Destination): void {
		writeUpstreamHead(out, this, destination);
	}

	writeRequestBody(): boolean {
		return true;
	}

	requestDrained(): void {}

	field(name: string): string | undefined {
		return this.head.fields.value(this.buffer, name);
	}
}
