/** A service as a queue: requests that come by chance, so many servers, and a limit in front that is decided anew five times a second. */
import {
	decideLimit,
	type GradientReason,
	type GradientSettings,
	type GradientState,
	LOOK_MS,
	startGradient,
} from '../gradient.ts';

/** A phase of the simulated time. */
export interface Phase {
	seconds: number;
	/** Requests a second that come, whatever happens to them; as a Poisson process. */
	perSecond?: number;
	/** Clients that each send the next request once the last was answered or (100 ms later) refused. */
	clients?: number;
	/** Requests that the service works on at once. */
	servers: number;
	/** Mean time that it works on one, ms. */
	workMs: number;
	/** A constant time, one of an exponential distribution, or a tenth of requests that take 50 times the others'. */
	work?: 'constant' | 'exponential' | 'mixed';
}

/** What a look found. */
export interface Sample {
	ms: number;
	limit: number;
	inFlight: number;
	answered: number;
	refused: number;
	meanMs: number;
	reason: GradientReason;
}

const RETRY_MS = 100;

type Event = { at: number; kind: 'arrival' | 'departure' | 'client'; began: number };

export class QueueSimulation {
	readonly samples: Sample[] = [];
	readonly settings: GradientSettings;
	state: GradientState;
	#random: () => number;
	#now = 0;
	#events: Event[] = [];
	#waiting: number[] = [];
	#busy = 0;
	#inFlight = 0;
	#answers = 0;
	#sumUs = 0;
	#refused = 0;
	#limit: number;
	#clients = 0;

	constructor(settings: Partial<GradientSettings> = {}, seed = 1) {
		this.settings = { min: 10, max: 1000, tolerance: 1.5, ...settings };
		this.state = startGradient(0, this.settings);
		this.#limit = Math.floor(this.state.limit);
		this.#random = randomOf(seed);
	}

	/** Runs this phase; the samples of it. */
	run(phase: Phase): Sample[] {
		const first = this.samples.length;
		const until = this.#now + phase.seconds * 1000;
		const { clients = 0 } = phase;
		for (; this.#clients < clients; this.#clients++)
			this.#push({ at: this.#now + this.#random() * 100, kind: 'client', began: 0 });
		if (phase.perSecond !== undefined) this.#push({ at: this.#now, kind: 'arrival', began: 0 });
		let look = Math.floor(this.#now / LOOK_MS) * LOOK_MS + LOOK_MS;
		for (;;) {
			const next = this.#events[0];
			if (next === undefined || next.at >= look) {
				if (look > until) break;
				this.#now = look;
				this.#look();
				look += LOOK_MS;
				continue;
			}
			this.#pop();
			this.#now = next.at;
			this.#happen(next, phase);
		}
		// Those that were to come by this phase's rate do not.
		this.#events = this.#events.filter(({ kind }) => kind !== 'arrival');
		this.#heapify();
		return this.samples.slice(first);
	}

	#happen(event: Event, phase: Phase): void {
		if (event.kind === 'departure') {
			this.#busy--;
			this.#inFlight--;
			this.#answers++;
			this.#sumUs += (this.#now - Math.abs(event.began)) * 1000;
			if (event.began < 0) this.#again(phase, 0);
		} else if (event.kind === 'arrival') {
			this.#push({ at: this.#now + this.#exponential(1000 / (phase.perSecond ?? 1)), kind: 'arrival', began: 0 });
			this.#enter(this.#now);
		} else if (!this.#enter(-this.#now)) this.#again(phase, RETRY_MS * (0.5 + this.#random()));
		while (this.#busy < phase.servers && this.#waiting.length > 0) {
			this.#busy++;
			this.#push({ at: this.#now + this.#workMs(phase), kind: 'departure', began: this.#waiting.shift() as number });
		}
	}

	/** A client's next request, unless there are more clients than this phase has. */
	#again(phase: Phase, ms: number): void {
		if (this.#clients > (phase.clients ?? 0)) this.#clients--;
		else this.#push({ at: this.#now + ms, kind: 'client', began: 0 });
	}

	/** `began`: below zero for one of a client. */
	#enter(began: number): boolean {
		if (this.#inFlight >= this.#limit) {
			this.#refused++;
			return false;
		}
		this.#inFlight++;
		this.#waiting.push(began);
		return true;
	}

	#workMs({ work = 'exponential', workMs }: Phase): number {
		if (work === 'constant') return workMs;
		if (work === 'exponential') return this.#exponential(workMs);
		const unit = workMs / (0.9 + 0.1 * 50);
		return this.#random() < 0.1 ? 50 * unit : unit;
	}

	#exponential(mean: number): number {
		return -mean * Math.log(1 - this.#random());
	}

	#look(): void {
		const [answers, sumUs, refused] = [this.#answers, this.#sumUs, this.#refused];
		const look = { nowMs: this.#now, answers, sumUs, refused, inFlight: this.#inFlight };
		const { state, limit, reason } = decideLimit(this.state, look, this.settings);
		this.state = state;
		this.#limit = limit;
		this.samples.push({
			ms: this.#now,
			limit,
			inFlight: this.#inFlight,
			answered: answers,
			refused,
			meanMs: answers === 0 ? 0 : sumUs / answers / 1000,
			reason,
		});
		this.#answers = this.#sumUs = this.#refused = 0;
	}

	// A binary heap by time.

	#push(event: Event): void {
		const heap = this.#events;
		let at = heap.push(event) - 1;
		while (at > 0) {
			const parent = (at - 1) >> 1;
			if ((heap[parent] as Event).at <= event.at) break;
			heap[at] = heap[parent] as Event;
			at = parent;
		}
		heap[at] = event;
	}

	#pop(): void {
		const heap = this.#events;
		const last = heap.pop() as Event;
		if (heap.length > 0) this.#sink(0, last);
	}

	#sink(start: number, event: Event): void {
		const heap = this.#events;
		let at = start;
		for (;;) {
			let child = 2 * at + 1;
			if (child >= heap.length) break;
			if (child + 1 < heap.length && (heap[child + 1] as Event).at < (heap[child] as Event).at) child++;
			if ((heap[child] as Event).at >= event.at) break;
			heap[at] = heap[child] as Event;
			at = child;
		}
		heap[at] = event;
	}

	#heapify(): void {
		const all = this.#events;
		this.#events = [];
		for (const event of all) this.#push(event);
	}
}

/** A sequence from 0 to 1 that is the same for the same seed. */
function randomOf(seed: number): () => number {
	let state = Math.imul(seed, 2_654_435_761) | 1;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
		return (state >>> 0) / 2 ** 32;
	};
}
