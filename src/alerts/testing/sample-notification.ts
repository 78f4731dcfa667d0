import type { Notification, NotifiedAlert } from '../notification.ts';

export function sampleAlert(changes: Partial<NotifiedAlert> = {}): NotifiedAlert {
	return {
		name: 'errors',
		severity: 'critical',
		labels: { service: 'videos', route: 'GET /v1/*' },
		status: 'firing',
		fingerprint: '0123456789abcdef',
		startsAtMs: Date.UTC(2026, 10, 28, 12, 3, 10),
		endsAtMs: null,
		value: '12%',
		threshold: 'over 5%',
		summary: 'error_rate of videos is 12%, over 5%.',
		causes: ['deploy of videos began (20s before)'],
		runbook: 'https://wiki.example.com/errors',
		...changes,
	};
}

export function sampleNotification(changes: Partial<Notification> = {}): Notification {
	return {
		channel: 'hook',
		group: 'feedfacefeedface',
		groupLabels: { alertname: 'errors', service: 'videos' },
		status: 'firing',
		severity: 'critical',
		alerts: [sampleAlert()],
		omitted: 0,
		test: false,
		timeMs: Date.UTC(2026, 10, 28, 12, 5, 10),
		node: 'n1',
		link: null,
		...changes,
	};
}
