/** What moves requests through instances; there are two, one for each request and one for their mean course. */
import type { Fleet } from './fleet.ts';
import type { LogHistogram } from './log-histogram.ts';

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
	/** At the end of the step. */
	held: number;
}

export interface Engine {
	readonly fleet: Fleet;
	/** Requests that come at these times, rising and from the last step's end on. */
	arrive(times: Float64Array, from: number, to: number): void;
	/** So many requests that come spread over the step. */
	arriveMany(count: number): void;
	/** Goes on to the end of the step. */
	endStep(atMs: number): StepFigures;
	/** Orders or gives up instances, at the end of a step. */
	resize(desired: number): void;
}
