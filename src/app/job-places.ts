import type { MessagePort } from 'node:worker_threads';
import type { AttemptOrder, AttemptOutcome } from '../jobs/attempt.ts';
import type { JobBody } from '../jobs/job.ts';
import type { AttemptPlaces } from '../jobs/runner.ts';
import type { FromJobs, ToJobs } from './jobs-messages.ts';

/** Attempts that one worker has under way at once. */
const ATTEMPTS_MOST = 512;

interface Place {
	port: MessagePort;
	/** It serves, and is not on its way out. */
	takes: boolean;
	/** Tokens. */
	running: Set<string>;
}

export interface JobPlacesParts {
	call(message: Extract<ToJobs, { type: 'call' }>, port: MessagePort): void;
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
		const place: Place = { port, takes: false, running: new Set() };
		this.#places.set(worker, place);
		port.on('message', (message: ToJobs) => this.#receive(place, message));
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
				this.#parts.call(message, place.port);
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
		least.port.postMessage({ type: 'attempt', order } satisfies FromJobs);
		return true;
	}

	abort(token: string): void {
		for (const { port, running } of this.#places.values())
			if (running.delete(token)) port.postMessage({ type: 'abort', token } satisfies FromJobs);
	}

	drop(body: JobBody): void {
		this.#parts.drop(body);
	}

	close(): void {
		for (const { port } of this.#places.values()) port.close();
		this.#places.clear();
	}
}
