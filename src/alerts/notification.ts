/** What a channel is given, and the port that each channel is. */
import { BallastError } from '../core/errors.ts';
import type { Labels } from '../core/metric.ts';
import type { AlertSeverity } from './rule.ts';

export interface NotifiedAlert {
	/** Name of the rule. */
	name: string;
	severity: AlertSeverity;
	labels: Labels;
	status: 'firing' | 'resolved';
	/** Hex, the same for the same rule and labels. */
	fingerprint: string;
	startsAtMs: number;
	/** null: it fires. */
	endsAtMs: number | null;
	/** With units: `820ms`, `over 500ms`. */
	value: string;
	threshold: string;
	/** One sentence in plain words, of one line. */
	summary: string;
	/** What happened just before, newest first: sentences of one line. */
	causes: readonly string[];
	/** A link; null: none. */
	runbook: string | null;
}

export interface Notification {
	/** Name of the channel. */
	channel: string;
	/** Id of the group: the same for all that is told of it. */
	group: string;
	/** What the alerts have in common. */
	groupLabels: Labels;
	/** `firing` while one of the alerts does. */
	status: 'firing' | 'resolved';
	/** The worst of those that fire, or of all when none does. */
	severity: AlertSeverity;
	alerts: readonly NotifiedAlert[];
	/** Alerts that found no room. */
	omitted: number;
	/** It was asked for, to see whether it arrives. */
	test: boolean;
	timeMs: number;
	/** Name of this Ballast. */
	node: string;
	/** Link to dashboards; null: none. */
	link: string | null;
}

/**
 * The way to somebody who is told. `send` resolves once the other side has taken it and rejects with
 * `notify_failed` (see `notifyFailed`); it ends within `SEND_MS`, whatever the other side does.
 */
export interface Channel {
	send(notification: Notification): Promise<void>;
	/** Where the other side wants all that fires again and again (Alertmanager): how often, ms. */
	readonly resendMs?: number;
}

/** Longest that a channel takes over one notification, ms. */
export const SEND_MS = 10_000;
/** Alerts in one notification. */
export const MOST_ALERTS = 50;

/** `permanent`: sending it again would not help. `retryAfterMs`: the other side said when. The message names no secret. */
export function notifyFailed(
	message: string,
	details: { permanent?: boolean; retryAfterMs?: number } = {},
): BallastError {
	return new BallastError('notify_failed', message.slice(0, 300), details);
}
