/** What a running Ballast answers about alerts. */
import type { Unit } from '../core/metric.ts';
import { type Fields, labelsOf, list, numberOr, record, textOr } from './answer-form.ts';

export interface AlertAnswer {
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
	/** Epoch ms; NaN: not said. */
	sinceMs: number;
	/** What happened beside it; '': nothing known. */
	cause: string;
	runbook: string;
	/** Who took it up, and what they said; '': nobody. */
	acknowledged: string;
	/** Until when it is silenced, epoch ms; NaN: it is not. */
	silencedUntilMs: number;
	silencedWhy: string;
}

export function readAlerts(value: unknown): AlertAnswer[] {
	const alerts = Array.isArray(value) ? value : record(value, 'the answer')['alerts'];
	return list(alerts, 'alerts', readAlert);
}

function readAlert(alert: Fields): AlertAnswer {
	const unit = textOr(alert['unit']);
	const silence = part(alert['silence']);
	const ack = part(alert['ack'] ?? alert['acknowledged']);
	return {
		name: textOr(alert['name'], textOr(alert['alert'], textOr(alert['id'], '?'))),
		state: textOr(alert['state'], '?'),
		severity: textOr(alert['severity']),
		labels: labelsOf(alert['labels']),
		rule: textOr(alert['rule'], textOr(alert['when'])),
		value: numberOr(alert['value']),
		threshold: numberOr(alert['threshold']),
		unit: ['seconds', 'bytes', 'ratio'].includes(unit) ? (unit as Unit) : 'number',
		perSecond: alert['perSecond'] === true,
		sinceMs: numberOr(alert['sinceMs']),
		cause: causeOf(alert['cause'] ?? alert['causes']),
		runbook: textOr(alert['runbook']),
		acknowledged: [textOr(ack['by']), textOr(ack['comment'])].filter((each) => each !== '').join(': '),
		silencedUntilMs: numberOr(silence['untilMs'], numberOr(silence['endsMs'], numberOr(alert['silencedUntilMs']))),
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
