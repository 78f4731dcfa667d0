/** A notification in words, for channels that people read. */
import { formatDuration } from '../../core/units.ts';
import type { Notification, NotifiedAlert } from '../notification.ts';
import { fillTemplate } from '../template.ts';

/** Fields of a channel's `template`. */
export const TEMPLATE_FIELDS = [
	'alert',
	'cause',
	'instance',
	'labels',
	'node',
	'pool',
	'route',
	'runbook',
	'service',
	'severity',
	'since',
	'status',
	'summary',
	'threshold',
	'value',
] as const;

/** Alerts that are written out in one message. */
const MOST_WRITTEN = 10;

/** `critical: errors of videos`, `resolved: 3 alerts of errors`. */
export function titleOf({ status, severity, alerts, groupLabels, test, omitted }: Notification): string {
	const name = groupLabels['alertname'] ?? alerts[0]?.name ?? 'alerts';
	const of = groupLabels['service'] === undefined ? '' : ` of ${groupLabels['service']}`;
	const number = alerts.length + omitted;
	const several = number > 1 ? ` (${number} alerts)` : '';
	return `${test ? 'test' : status === 'resolved' ? 'resolved' : severity}: ${name}${of}${several}`;
}

/** A paragraph an alert; `template` null: as Ballast writes it. */
export function bodyOf(notification: Notification, template: string | null): string {
	const { alerts, omitted, link } = notification;
	const shown = alerts
		.slice(0, MOST_WRITTEN)
		.map((alert) =>
			template === null ? paragraph(alert, notification) : fillTemplate(template, fieldsOf(alert, notification)),
		);
	const more = alerts.length - shown.length + omitted;
	return [...shown, ...(more > 0 ? [`… and ${more} more`] : []), ...(link === null ? [] : [link])].join('\n\n');
}

function paragraph(alert: NotifiedAlert, notification: Notification): string {
	const { summary, causes, runbook, status } = alert;
	const ended =
		status === 'resolved'
			? `Ended after ${lasted(alert, notification)}.`
			: `For ${lasted(alert, notification)}, since ${clock(alert.startsAtMs)}.`;
	const lines = [`${summary} ${ended}`];
	if (status === 'firing' && causes.length > 0) lines.push(`Just before: ${causes.join('; ')}`);
	if (status === 'firing' && runbook !== null) lines.push(`What to do: ${runbook}`);
	return lines.join('\n');
}

function fieldsOf(alert: NotifiedAlert, notification: Notification): Record<string, string> {
	const labels = Object.entries(alert.labels).map(([name, value]) => `${name}=${value}`);
	return {
		...alert.labels,
		alert: alert.name,
		cause: alert.causes.join('; '),
		labels: labels.join(' '),
		node: notification.node,
		runbook: alert.runbook ?? '',
		severity: alert.severity,
		since: clock(alert.startsAtMs),
		status: alert.status,
		summary: alert.summary,
		threshold: alert.threshold,
		value: alert.value,
	};
}

function lasted({ startsAtMs, endsAtMs }: NotifiedAlert, { timeMs }: Notification): string {
	const ms = Math.max(0, (endsAtMs ?? timeMs) - startsAtMs);
	return ms < 1000 ? 'a moment' : formatDuration(Math.round(ms / 1000) * 1000);
}

/** `2026-11-28 12:03:10 UTC`. */
const clock = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
