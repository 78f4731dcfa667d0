import type { TraceContext, Tracing } from '../gateway/data-plane.ts';
import { TraceIds } from '../traces/trace-ids.ts';
import { inSample, parseTraceparent, SAMPLED, TRACEPARENT_BYTES, writeTraceparent } from '../traces/traceparent.ts';
import type { Output } from '../wire/output.ts';

const NAME = Buffer.from('traceparent: ');

/** Gives the requests of a worker their place in a trace. */
export class WorkerTracing implements Tracing {
	readonly #ids = new TraceIds();
	readonly #share: number;
	readonly #restart: boolean;

	/** `share` of the traces that are kept, 0…1; `restart`: contexts from outside are not gone on with. */
	constructor(share: number, restart: boolean) {
		this.#share = share;
		this.#restart = restart;
	}

	begin(bytes: Uint8Array, start: number, end: number, trusted: boolean, into: TraceContext): void {
		const goesOn = end > start && !this.#restart && parseTraceparent(bytes, start, end, into);
		if (goesOn) this.#ids.beginSpan(into);
		else this.#ids.beginTrace(into);
		// Whoever may say what is kept could fill the store.
		if (goesOn && trusted) return;
		into.flags = (into.flags & ~SAMPLED) | (inSample(into, this.#share) ? SAMPLED : 0);
	}

	write(out: Output, context: TraceContext, attempt: number): void {
		const at = out.room(NAME.length + TRACEPARENT_BYTES + 2);
		const { buffer } = out;
		for (let i = 0; i < NAME.length; i++) buffer[at + i] = NAME[i] as number;
		const after = writeTraceparent(buffer, at + NAME.length, context, attempt);
		buffer[after] = 13;
		buffer[after + 1] = 10;
	}
}
