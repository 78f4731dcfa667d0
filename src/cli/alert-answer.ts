/** What a running Ballast answers about alerts. */
import type { Unit } from '../core/metric.ts';
import { type Fields, labelsOf, list, listOr, numberOr, record, textOr } from './answer-form.ts';

export interface AlertAnswer {
	/** The rule, with its labels. */
	key: string;
	name: string;
	/** `ok`, `pending`, `firing`, `resolved`; others of later versions. */
	state: string;
	severity: string;
	labels: Record<string, string>;
	/** The rule as it was written. */
	rule: string;
	value: number;
	threshold: number;
	unit: Unit;
	perSecond: boolean;
	/** Since when it is in its state, epoch ms; NaN: not said. */
	sinceMs: number;
	/** One sentence; ''. */
	summary: string;
	/** It fires and ends again and again. */
	flapping: boolean;
	/** Why it is not told; ''. */
	muted: string;
	/** What happened beside it; '': nothing known. */
	cause: string;
	runbook: string;
	/** Who took it up, and what they said; '': nobody. */
	acknowledged: string;
	/** Until when it is silenced, epoch ms; NaN: it is not. */
	silencedUntilMs: number;
	silencedWhy: string;
}

export interface AlertsAnswer {
	alerts: AlertAnswer[];
	/** Ways to tell people, and what is wrong with each; '': nothing. */
	channels: { name: string; problem: string }[];
	/** Rules whose figures could not be had. */
	blind: { rule: string; why: string }[];
}

export function readAlerts(value: unknown): AlertsAnswer {
	const answer = Array.isArray(value) ? { alerts: value } : record(value, 'the answer');
	return {
		alerts: list(answer['alerts'], 'alerts', readAlert),
		channels: listOr(answer['channels']).map((channel) => ({
			name: textOr(channel['name']),
			problem: textOr(channel['lastError']),
		})),
		blind: listOr(answer['blind']).map(({ rule, why }) => ({ rule: textOr(rule), why: textOr(why) })),
	};
}

function readAlert(alert: Fields): AlertAnswer {
	const unit = textOr(alert['unit']);
	const silence = part(alert['silence']);
	const taken = part(alert['acknowledged']);
	const state = textOr(alert['state'], '?');
	// 0: it did not come to that.
	const since = state === 'resolved' ? alert['endedMs'] : state === 'firing' ? alert['firedMs'] : alert['sinceMs'];
	return {
		key: textOr(alert['key']),
		name: textOr(alert['name'], '?'),
		state,
		severity: textOr(alert['severity']),
		labels: labelsOf(alert['labels']),
		rule: textOr(alert['rule']),
		value: numberOr(alert['value']),
		threshold: numberOr(alert['threshold']),
		unit: ['seconds', 'bytes', 'ratio'].includes(unit) ? (unit as Unit) : 'number',
		perSecond: alert['perSecond'] === true,
		sinceMs: numberOr(since) || numberOr(alert['sinceMs']) || Number.NaN,
		summary: textOr(alert['summary']),
		flapping: alert['flapping'] === true,
		muted: textOr(alert['muted']),
		cause: causeOf(alert['causes'] ?? alert['cause']),
		runbook: textOr(alert['runbook']),
		acknowledged: [textOr(taken['by']), textOr(taken['comment'])].filter((each) => each !== '').join(': '),
		silencedUntilMs: numberOr(silence['untilMs']),
		silencedWhy: textOr(silence['comment']),
	};
}

/** A sentence, or several. */
function causeOf(cause: unknown): string {
	if (!Array.isArray(cause)) return textOr(cause, textOr(part(cause)['text']));
	const sentences = cause.map((each) => textOr(each, textOr(part(each)['text'], textOr(part(each)['message']))));
	return sentences.filter((each) => each !== '').join('; ');
}

const part = (value: unknown): Fields =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
