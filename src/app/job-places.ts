import type { MessagePort } from 'node:worker_threads';
import type { AttemptOrder, AttemptOutcome } from '../jobs/attempt.ts';
import type { JobBody } from '../jobs/job.ts';
import type { AttemptPlaces } from '../jobs/runner.ts';
import type { FromJobs, ToJobs } from './jobs-messages.ts';
import { type Flat, readToJobs, writeFromJobs } from './jobs-wire.ts';
import { TurnBox } from './turn-box.ts';

/** Attempts that one worker has under way at once. */
const ATTEMPTS_MOST = 512;

interface Place {
	port: MessagePort;
	box: TurnBox<FromJobs>;
	/** It serves, and is not on its way out. */
	takes: boolean;
	/** Tokens. */
	running: Set<string>;
}

/** Where a call came from. */
export interface Caller {
	readonly port: MessagePort;
	readonly box: { say(message: FromJobs): void };
}

export interface JobPlacesParts {
	call(message: Extract<ToJobs, { type: 'call' }>, from: Caller): void;
	/** Nobody waits for that call any more. */
	unwait(id: number, port: MessagePort): void;
	ended(token: string, outcome: AttemptOutcome): void;
	/** A worker is no more, with what it had under way. */
	lost(tokens: Iterable<string>): void;
	/** There may be room where there was none. */
	free(): void;
	drop(body: JobBody): void;
}

/** The workers, as those who make attempts and ask for jobs. */
export class JobPlaces implements AttemptPlaces {
	readonly #parts: JobPlacesParts;
	readonly #places = new Map<number, Place>();

	constructor(parts: JobPlacesParts) {
		this.#parts = parts;
	}

	/** A worker, or another one in its place. */
	connect(worker: number, port: MessagePort): void {
		this.#gone(worker);
		const place: Place = { port, box: new TurnBox(port, writeFromJobs), takes: false, running: new Set() };
		this.#places.set(worker, place);
		const receive = (message: ToJobs): void => this.#receive(place, message);
		port.on('message', (flat: Flat) => readToJobs(flat, receive));
		port.once('close', () => {
			if (this.#places.get(worker) === place) this.#gone(worker);
		});
	}

	#gone(worker: number): void {
		const place = this.#places.get(worker);
		if (place === undefined) return;
		this.#places.delete(worker);
		place.port.close();
		this.#parts.lost(place.running);
	}

	#receive(place: Place, message: ToJobs): void {
		switch (message.type) {
			case 'call':
				this.#parts.call(message, place);
				break;
			case 'unwait':
				this.#parts.unwait(message.id, place.port);
				break;
			case 'takes':
				place.takes = message.attempts;
				if (place.takes) this.#parts.free();
				break;
			case 'outcome':
				// Of one that was given up meanwhile only its body is of interest.
				place.running.delete(message.token);
				this.#parts.ended(message.token, message.outcome);
		}
	}

	room(): number {
		let room = 0;
		for (const { takes, running } of this.#places.values())
			if (takes) room += Math.max(0, ATTEMPTS_MOST - running.size);
		return room;
	}

	begin(order: AttemptOrder): boolean {
		let least: Place | null = null;
		for (const place of this.#places.values())
			if (place.takes && (least === null || place.running.size < least.running.size)) least = place;
		if (least === null) return false;
		least.running.add(order.token);
		least.box.say({ type: 'attempt', order });
		return true;
	}

	abort(token: string): void {
		for (const { box, running } of this.#places.values()) if (running.delete(token)) box.say({ type: 'abort', token });
	}

	drop(body: JobBody): void {
		this.#parts.drop(body);
	}

	close(): void {
		for (const { port, box } of this.#places.values()) {
			box.flush();
			port.close();
		}
		this.#places.clear();
	}
}
