import type { Output } from '../wire/output.ts';
import { Timer } from '../wire/timer-wheel.ts';
import type { AttemptConnection, Destination, FetchParty } from './attempt.ts';
import type { DataPlane } from './data-plane.ts';
import type { Exchange } from './exchange.ts';
import { Fetch } from './fetch.ts';
import type { FieldEdits } from './field-edits.ts';
import type { Picker, Route } from './route.ts';
import { writeUpstreamHead } from './upstream-head.ts';

/** Copies of a worker under way; beyond them none is sent. */
const COPIES_MOST = 64;
/** Most time for a copy, its answer included, ms: a stream of events would never end. */
const COPY_MS = 30_000;
const WHOLE = 1000;
/** Prime to `WHOLE` and near its golden section, so that copies are spread evenly. */
const STEP = 617;

/** Tells an instance that nobody waits for its answer. */
const MIRROR = { name: 'x-ballast-mirror', line: Buffer.from('X-Ballast-Mirror: 1\r\n') };

/** The edits of a route, and the field that marks a copy. */
export function withMirrorField(edits: FieldEdits | null): FieldEdits {
	const { removed = new Set<string>(), added = Buffer.alloc(0) } = edits ?? {};
	return { removed: new Set([...removed, MIRROR.name]), added: Buffer.concat([added, MIRROR.line]) };
}

/** Copies of requests that go to another version, which nobody waits for. One for each worker. */
export class RequestCopies {
	readonly #spare: RequestCopy[] = [];
	#underWay = 0;
	#turn = 0;

	/** Whether this request is one of so many thousandths, and there is room. */
	wants(thousandths: number): boolean {
		if (thousandths === 0) return false;
		this.#turn = (this.#turn + STEP) % WHOLE;
		return this.#turn < thousandths && this.#underWay < COPIES_MOST;
	}

	/** Sends a copy by this route; false: no instance is ready there. Leaves the exchange as it was. */
	send(exchange: Exchange, route: Route): boolean {
		const { plane } = exchange;
		const slot = route.service.picker?.pick(0, [], plane.wheel.nowMs, false) ?? -1;
		const upstream = slot < 0 ? undefined : plane.upstreams[slot];
		if (upstream === undefined) return false;
		const copy = this.#spare.pop() ?? new RequestCopy(plane, (done) => this.#done(done));
		this.#underWay++;
		copy.send(exchange, route, { slot, upstream });
		return true;
	}

	#done(copy: RequestCopy): void {
		this.#underWay--;
		this.#spare.push(copy);
	}
}

/** One copy: its head as bytes, since the exchange may be over before there is a connection. */
class RequestCopy implements FetchParty {
	readonly mayUpgrade = false;
	/** Whatever comes of it is what the new version does. */
	readonly resendable = false;
	readonly requestDone = true;
	headOnly = false;
	readonly #fetch: Fetch;
	readonly #timer: Timer;
	readonly #plane: DataPlane;
	readonly #over: (copy: RequestCopy) => void;
	#head: Buffer = Buffer.alloc(0);
	#active = false;

	constructor(plane: DataPlane, over: (copy: RequestCopy) => void) {
		this.#plane = plane;
		this.#over = over;
		this.#fetch = new Fetch(plane, this);
		this.#timer = new Timer(this);
	}

	lookAfter(): void {}

	get bytesHeld(): number {
		return this.#head.length;
	}

	send(exchange: Exchange, route: Route, to: { slot: number; upstream: Destination }): void {
		const { out, wheel } = this.#plane;
		const { route: own } = exchange;
		exchange.route = route;
		writeUpstreamHead(out, exchange, to.upstream);
		exchange.route = own;
		this.#head = Buffer.from(out.buffer.subarray(0, out.length));
		out.length = 0;
		this.headOnly = exchange.headOnly;
		this.#active = true;
		wheel.set(this.#timer, COPY_MS);
		this.#fetch.repeatable = false;
		this.#fetch.reset();
		const service = { ...route.service, picker: new OneSlot(to.slot, route.service.picker) };
		this.#fetch.start({ ...route, service }, 0, exchange.startMs);
	}

	writeRequestHead(out: Output): void {
		out.bytes(this.#head);
	}

	writeRequestBody(): boolean {
		return true;
	}

	requestDrained(): void {}

	interim(): void {}

	answerHead(): void {}

	answerBody(): void {}

	flushAnswer(): boolean {
		return true;
	}

	answerEnd(): void {
		this.#end();
	}

	upgraded(connection: AttemptConnection): void {
		connection.abandon();
		this.#end();
	}

	answerFailed(): void {
		this.#end();
	}

	onTimer(): void {
		this.#fetch.cancel();
		this.#end();
	}

	#end(): void {
		if (!this.#active) return;
		this.#active = false;
		this.#plane.wheel.remove(this.#timer);
		this.#over(this);
	}
}

/** Picks what its head was written for, while that is open. */
class OneSlot implements Picker {
	readonly #slot: number;
	readonly #of: Picker | null;

	constructor(slot: number, of: Picker | null) {
		this.#slot = slot;
		this.#of = of;
	}

	pick(_key: number, tried: readonly number[]): number {
		return tried.includes(this.#slot) ? -1 : this.#slot;
	}

	settle(slot: number, us: number, nowMs: number): void {
		this.#of?.settle(slot, us, nowMs);
	}

	token(): number {
		return 0;
	}
}
