/** Alerts in Alertmanager's form: of its API, of its webhook, and so of everything that understands it. */
import type { Notification, NotifiedAlert } from '../notification.ts';
import { runbookAnnotation } from '../runbook.ts';

/** Names that Prometheus takes for labels: `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function promLabels({ name, severity, labels }: NotifiedAlert, node: string): Record<string, string> {
	const own = Object.entries(labels).map(([label, value]) => [
		label.replaceAll(/\W/g, '_').replace(/^(\d)/, '_$1'),
		value,
	]);
	return { ...Object.fromEntries(own), alertname: name, severity, ballast: node };
}

export function annotations({ summary, value, threshold, causes, runbook }: NotifiedAlert): Record<string, string> {
	return {
		summary,
		value,
		threshold,
		...(causes.length === 0 ? {} : { cause: causes.join('; ') }),
		...runbookAnnotation(runbook),
	};
}

const NEVER = '0001-01-01T00:00:00Z';

/** The body of Alertmanager's webhook, version 4. */
export function webhookBody(notification: Notification): Record<string, unknown> {
	const { alerts, node, link } = notification;
	const written = alerts.map((alert) => ({
		status: alert.status,
		labels: promLabels(alert, node),
		annotations: annotations(alert),
		startsAt: new Date(alert.startsAtMs).toISOString(),
		endsAt: alert.endsAtMs === null ? NEVER : new Date(alert.endsAtMs).toISOString(),
		generatorURL: link ?? '',
		fingerprint: alert.fingerprint,
	}));
	return {
		version: '4',
		groupKey: `{}:{${Object.entries(notification.groupLabels)
			.map(([name, value]) => `${name}=${JSON.stringify(value)}`)
			.join(', ')}}`,
		truncatedAlerts: notification.omitted,
		status: notification.status,
		receiver: notification.channel,
		groupLabels: notification.groupLabels,
		commonLabels: common(written.map(({ labels }) => labels)),
		commonAnnotations: common(written.map((one) => one.annotations)),
		externalURL: link ?? '',
		alerts: written,
	};
}

/** What all have alike. */
function common(all: readonly Record<string, string>[]): Record<string, string> {
	const [first = {}, ...rest] = all;
	return Object.fromEntries(Object.entries(first).filter(([name, value]) => rest.every((one) => one[name] === value)));
}
