/** Silences: alerts that are not told for a time, by their labels. */
import { BallastError } from '../core/errors.ts';
import { globFits } from '../core/glob.ts';
import type { Labels, Where } from '../core/metric.ts';
import { formatDuration } from '../core/units.ts';
import type { Alert } from './alert.ts';
import type { AlertRule } from './rule.ts';

export interface Silence {
	id: string;
	/** Globs by label; `alert` is the rule's name, `severity` its severity. Never empty. */
	where: Where;
	fromMs: number;
	untilMs: number;
	by: string;
	comment: string;
}

export interface SilenceRequest {
	where: Where;
	/** 1 min … 30 days. */
	forMs: number;
	by?: string;
	comment?: string;
	/** Names of the services that there are, where that is known. */
	services?: readonly string[];
}

export const MOST_SILENCES = 200;
const LEAST_MS = 60_000;
const MOST_MS = 30 * 86_400_000;
const MOST_TEXT = 200;

/** What silences and inhibitions know an alert by. */
export function matchLabels(alert: Pick<Alert, 'rule' | 'labels'>, severity: AlertRule['severity']): Labels {
	return { ...alert.labels, alert: alert.rule, severity };
}

/** `*` stands for any characters. A label that is not there is ''. */
export function matchesWhere(labels: Labels, where: Where): boolean {
	return Object.entries(where).every(([name, glob]) => globFits(glob, labels[name] ?? ''));
}

/** @throws BallastError `bad_command` where it would silence everything, nothing, or for too long */
export function newSilence(
	{ where, forMs, by = '', comment = '' }: SilenceRequest,
	id: string,
	nowMs: number,
): Silence {
	const entries = Object.entries(where);
	if (entries.length === 0 || entries.length > 10 || entries.every(([, glob]) => /^\**$/.test(glob)))
		throw new BallastError('bad_command', 'say what to silence: labels such as alert:errors or service:videos');
	if (!(forMs >= LEAST_MS && forMs <= MOST_MS))
		throw new BallastError(
			'bad_command',
			`a silence lasts from ${formatDuration(LEAST_MS)} to ${formatDuration(MOST_MS)}`,
		);
	const cut = Object.fromEntries(
		entries.map(([name, glob]) => [name.slice(0, MOST_TEXT), String(glob).slice(0, MOST_TEXT)]),
	);
	return {
		id,
		where: cut,
		fromMs: nowMs,
		untilMs: nowMs + forMs,
		by: by.slice(0, MOST_TEXT),
		comment: comment.slice(0, MOST_TEXT),
	};
}

export function silenceFor(silences: readonly Silence[], labels: Labels, nowMs: number): Silence | undefined {
	return silences.find(
		({ where, fromMs, untilMs }) => nowMs >= fromMs && nowMs < untilMs && matchesWhere(labels, where),
	);
}
