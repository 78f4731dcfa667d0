/** What moves requests through instances; there are two, one for each request and one for their mean course. */
import type { Fleet } from './fleet.ts';
import { LogHistogram } from './log-histogram.ts';

export type EngineName = 'events' | 'fluid';

/** What was seen in a step; the same object each time. */
export interface StepFigures {
	/** Its end, and how long it was. */
	atMs: number;
	stepMs: number;
	arrivals: number;
	/** Answered. */
	completed: number;
	/** Refused at once, or gone after waiting too long. */
	unmet: number;
	/** Requests being worked on × ms. */
	busyMs: number;
	/** Requests in the system × ms, those that wait and are held among them. */
	inFlightMs: number;
	/** Of those answered. */
	latency: LogHistogram;
	/** In the system at the end of the step, and of those what waits for an instance to become ready. */
	inFlight: number;
	held: number;
}

/** Requests of a step: `times` from `from` to `to`, rising;. */
export interface StepArrivals {
	times: Float64Array;
	from: number;
	to: number;
}

export interface Engine {
	readonly fleet: Fleet;
	arrive(arrivals: StepArrivals): void;
	/** Goes on to the end of the step. */
	endStep(atMs: number): StepFigures;
	/** Orders or gives up instances, at the end of a step. */
	resize(desired: number): void;
}

export function emptyFigures(atMs: number): StepFigures {
	const latency = new LogHistogram();
	return {
		atMs,
		stepMs: 0,
		arrivals: 0,
		completed: 0,
		unmet: 0,
		busyMs: 0,
		inFlightMs: 0,
		latency,
		inFlight: 0,
		held: 0,
	};
}
