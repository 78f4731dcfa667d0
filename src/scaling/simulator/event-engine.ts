/**
 * Each request by itself: least connections over instances that each have a queue of their own. Written for
 * millions of requests a second of computing: typed arrays, no object for a request.
 */
import { DepartureHeap } from './departure-heap.ts';
import { type Engine, emptyFigures, type StepArrivals, type StepFigures } from './engine.ts';
import type { Fleet } from './fleet.ts';
import { LeastBusy } from './least-busy.ts';
import { type Model, placesOf } from './model.ts';
import type { SeededRandom } from './seeded-random.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** Where requests wait while no instance is ready; instances are numbered from 1. */
const HOLD = 0;

export class EventEngine implements Engine {
	readonly fleet: Fleet;
	readonly #model: Model;
	readonly #places: number;
	readonly #random: SeededRandom;
	readonly #departures = new DepartureHeap();
	readonly #balance = new LeastBusy();
	readonly #waiting = new WaitingRequests();
	/** Of each instance: its requests, when it is warm, whether it drains. */
	#inFlight = new Int32Array(64);
	#warmAt = new Float64Array(64);
	#draining = new Uint8Array(64);
	readonly #free: number[] = [];
	#instances = 1;
	/** Of each place that is taken: its instance and what the latency of its request will have been. */
	#placeInstance = new Int32Array(1024);
	#placeLatency = new Float64Array(1024);
	readonly #freePlaces: number[] = [];
	#placesUsed = 0;
	#inSystem = 0;
	#stepFromMs: number;
	/** The figures of the last step stand there until something happens. */
	#fresh = false;
	readonly #figures: StepFigures;

	constructor(model: Model, fleet: Fleet, { random, fromMs }: { random: SeededRandom; fromMs: number }) {
		this.#model = model;
		this.fleet = fleet;
		this.#places = placesOf(model);
		this.#random = random;
		this.#stepFromMs = fromMs;
		this.#figures = emptyFigures(fromMs);
		for (let n = 0; n < fleet.ready; n++) this.#open(fromMs, fromMs);
	}

	arrive({ times, from, to }: StepArrivals): void {
		const { serviceTime } = this.#model;
		const figures = this.#figures;
		for (let at = from; at < to; at++) {
			const nowMs = times[at] as number;
			this.#advance(nowMs);
			figures.arrivals++;
			this.#inSystem++;
			figures.inFlightMs -= nowMs - this.#stepFromMs;
			this.#place(nowMs, nowMs, serviceTime.draw(this.#random));
		}
	}

	endStep(atMs: number): StepFigures {
		this.#advance(atMs);
		this.#dropHeld(atMs);
		const figures = this.#figures;
		const stepMs = atMs - this.#stepFromMs;
		this.#stepFromMs = atMs;
		figures.atMs = atMs;
		figures.stepMs = stepMs;
		figures.busyMs += this.#departures.size * stepMs;
		figures.inFlightMs += this.#inSystem * stepMs;
		figures.inFlight = this.#inSystem;
		figures.held = this.#waiting.lengthOf(HOLD);
		this.#fresh = true;
		return figures;
	}

	resize(desired: number): void {
		const nowMs = this.#stepFromMs;
		for (let n = this.fleet.resize(desired, nowMs); n > 0; n--) this.#drain(nowMs);
	}

	/** What ends or becomes ready until then. */
	#advance(nowMs: number): void {
		if (this.#fresh) this.#beginStep();
		for (;;) {
			const readyMs = this.fleet.nextReadyMs;
			const endMs = this.#departures.firstMs;
			if (endMs > nowMs && readyMs > nowMs) return;
			if (readyMs <= endMs) this.#open(readyMs, this.fleet.becomeReady());
			else this.#end(endMs);
		}
	}

	#beginStep(): void {
		const figures = this.#figures;
		this.#fresh = false;
		figures.arrivals = figures.completed = figures.unmet = 0;
		figures.busyMs = figures.inFlightMs = 0;
		figures.latency.clear();
	}

	/** Gives a request its instance: it is worked on, waits there, is held or refused. */
	#place(nowMs: number, sinceMs: number, serviceMs: number): void {
		const instance = this.#balance.first();
		if (instance < 0) {
			if (this.#waiting.lengthOf(HOLD) < this.#model.hold) this.#waiting.push(HOLD, sinceMs, serviceMs);
			else this.#lose(nowMs);
			return;
		}
		const count = this.#inFlight[instance] as number;
		if (count >= this.#places) {
			if (count - this.#places >= this.#model.queue) {
				this.#lose(nowMs);
				return;
			}
			this.#waiting.push(instance, sinceMs, serviceMs);
		} else {
			const place = this.#takePlace(instance);
			const lastsMs = this.#lasts(instance, nowMs, serviceMs);
			this.#placeLatency[place] = nowMs - sinceMs + lastsMs;
			this.#figures.busyMs -= nowMs - this.#stepFromMs;
			this.#departures.push(nowMs + lastsMs, place);
		}
		this.#inFlight[instance] = count + 1;
		this.#balance.move(instance, count + 1);
	}

	/** The first request of all ends. */
	#end(nowMs: number): void {
		const place = this.#departures.first;
		const instance = this.#placeInstance[place] as number;
		this.#figures.completed++;
		this.#figures.latency.add(this.#placeLatency[place] as number);
		this.#leaveSystem(nowMs);
		let count = (this.#inFlight[instance] as number) - 1;
		const waiting = this.#waiting;
		while (waiting.lengthOf(instance) > 0) {
			const waitedMs = nowMs - waiting.firstMs(instance);
			const serviceMs = waiting.pop(instance);
			if (waitedMs > this.#model.patienceMs) {
				count--;
				this.#lose(nowMs);
				continue;
			}
			const lastsMs = this.#lasts(instance, nowMs, serviceMs);
			this.#placeLatency[place] = waitedMs + lastsMs;
			this.#departures.replace(nowMs + lastsMs, place);
			this.#count(instance, count);
			return;
		}
		this.#departures.pop();
		this.#freePlaces.push(place);
		this.#figures.busyMs += nowMs - this.#stepFromMs;
		this.#count(instance, count);
		if (count === 0 && this.#draining[instance] === 1) this.#close(instance, nowMs);
	}

	#count(instance: number, count: number): void {
		this.#inFlight[instance] = count;
		if (this.#draining[instance] === 0) this.#balance.move(instance, count);
	}

	#lasts(instance: number, nowMs: number, serviceMs: number): number {
		return nowMs < (this.#warmAt[instance] as number) ? serviceMs * this.#model.warmUpFactor : serviceMs;
	}

	#lose(nowMs: number): void {
		this.#figures.unmet++;
		this.#leaveSystem(nowMs);
	}

	#leaveSystem(nowMs: number): void {
		this.#inSystem--;
		this.#figures.inFlightMs += nowMs - this.#stepFromMs;
	}

	#open(nowMs: number, warmMs: number): void {
		const instance = this.#free.pop() ?? this.#instances++;
		if (instance >= this.#inFlight.length) this.#growInstances();
		this.#inFlight[instance] = 0;
		this.#draining[instance] = 0;
		this.#warmAt[instance] = warmMs;
		this.#balance.add(instance, 0);
		const waiting = this.#waiting;
		// What was held goes to the first that is ready; a place's length each, so that others share it.
		for (let n = waiting.lengthOf(HOLD); n > 0; n--) {
			const sinceMs = waiting.firstMs(HOLD);
			const serviceMs = waiting.pop(HOLD);
			if (nowMs - sinceMs > this.#model.patienceMs) this.#lose(nowMs);
			else this.#place(nowMs, sinceMs, serviceMs);
		}
	}

	/** The least busy one takes no more. */
	#drain(nowMs: number): void {
		const instance = this.#balance.first();
		this.#balance.remove(instance);
		this.fleet.drain();
		this.#draining[instance] = 1;
		if (this.#inFlight[instance] === 0) this.#close(instance, nowMs);
	}

	#close(instance: number, nowMs: number): void {
		this.fleet.leave(nowMs);
		this.#free.push(instance);
	}

	#dropHeld(nowMs: number): void {
		const waiting = this.#waiting;
		while (waiting.lengthOf(HOLD) > 0 && nowMs - waiting.firstMs(HOLD) > this.#model.patienceMs) {
			waiting.pop(HOLD);
			this.#lose(nowMs);
		}
	}

	#takePlace(instance: number): number {
		const place = this.#freePlaces.pop() ?? this.#placesUsed++;
		if (place >= this.#placeInstance.length) {
			this.#placeInstance = widened(this.#placeInstance, Int32Array);
			this.#placeLatency = widened(this.#placeLatency, Float64Array);
		}
		this.#placeInstance[place] = instance;
		return place;
	}

	#growInstances(): void {
		this.#inFlight = widened(this.#inFlight, Int32Array);
		this.#warmAt = widened(this.#warmAt, Float64Array);
		this.#draining = widened(this.#draining, Uint8Array);
	}
}

function widened<T extends Int32Array | Float64Array | Uint8Array>(old: T, Kind: new (length: number) => T): T {
	const wider = new Kind(old.length * 2);
	wider.set(old);
	return wider;
}
