/** An alert: a rule that holds, or held, for one combination of labels. Plain data, as it is kept over restarts. */
import type { Labels } from '../core/metric.ts';

export interface Acknowledgement {
	by: string;
	comment: string;
	atMs: number;
}

export interface Alert {
	/** Of rule and labels; the same over restarts. */
	key: string;
	rule: string;
	labels: Labels;
	state: 'pending' | 'firing' | 'resolved';
	/** Since when the rule holds without a break, epoch ms. */
	sinceMs: number;
	/** When it fired; 0: not yet. */
	firedMs: number;
	/** When it ended; 0: not yet. */
	endedMs: number;
	/** When the rule held last, and when anything was known of it last. */
	heldMs: number;
	seenMs: number;
	/** The last value, and the bound that it is held against, in the figure's unit. */
	value: number;
	limit: number;
	/** When it fired before, oldest first; a few. */
	firings: readonly number[];
	/** It fires and ends again and again: it ends only once it has been quiet for long. */
	flapping: boolean;
	/** Why it ended; '': the rule no longer holds. */
	reason: '' | 'no data' | 'the rule is gone';
	acknowledged: Acknowledgement | null;
	/** What happened just before, newest first: sentences. */
	causes: readonly string[];
}

const MOST_LABEL = 200;

/** Labels as they are kept: values cut to a length, in the order of their names. */
export function keptLabels(labels: Labels): Labels {
	const names = Object.keys(labels).sort();
	return Object.fromEntries(names.map((name) => [name, String(labels[name]).slice(0, MOST_LABEL)]));
}

/** `errors{service="videos"}`. */
export function alertKey(rule: string, labels: Labels): string {
	const names = Object.keys(labels).sort();
	const inner = names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(',');
	return inner === '' ? rule : `${rule}{${inner}}`;
}
