/** How a service's instances are probed. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { choice, duration, integer, key, list, object, oneOf, text } from '../core/schema.ts';

/** Probes of one service, resolved. Without a `health` key: a TCP connect. */
export interface HealthConfig {
	kind: 'http' | 'tcp';
	/** Path of the probe's GET; unused by `tcp`. */
	path: string;
	/** Between two probes of an instance, ms. */
	intervalMs: number;
	/** Most time for one probe, ms. */
	timeoutMs: number;
	/** Probes in a row that take a `down` instance back in. */
	healthyAfter: number;
	/** Failed probes in a row that take a `ready` instance out. */
	unhealthyAfter: number;
	/** Statuses that count as healthy: inclusive ranges. */
	statuses: [number, number][];
}

const statusRange = text('a status or a range such as 200-399', (value) =>
	parseStatuses(value) === undefined ? 'expected a status or a range such as 200-399' : undefined,
);
const status = oneOf([integer(100, 599), statusRange], 'a status from 100 to 599 or a range such as 200-399');

const path = text('a path such as /healthz', (value) => complainOfPath(value, 'a path such as /healthz'));

export const healthLong = object({
	kind: key(choice('http', 'tcp'), 'What a probe is: a GET, or only a connect.', {
		defaultText: '`http` when `path` or `statuses` is given, else `tcp`',
		example: 'tcp',
	}),
	path: key(path, 'Path (and query) of the GET.', {
		default: '/',
		example: '/healthz',
	}),
	interval: key(duration(100, 3_600_000), 'Time between two probes of an instance.', { default: '2s', example: '5s' }),
	timeout: key(duration(10, 300_000), 'Most time for one probe.', {
		default: '2s',
		example: '1s',
	}),
	healthyAfter: key(integer(1, 100), 'Good probes in a row that take an instance back in.', { default: 1, example: 2 }),
	unhealthyAfter: key(integer(1, 100), 'Failed probes in a row that take an instance out.', { default: 2, example: 3 }),
	statuses: key(
		oneOf(
			[integer(100, 599), statusRange, list(status, 'statuses')],
			'a status, a range such as 200-399, or a list of them',
		),
		'Statuses that count as healthy.',
		{ default: '200-399', example: [200, '301-302'] },
	),
});

export const healthSchema = oneOf(
	[
		text('a path such as /healthz, or tcp', (value) =>
			value === 'tcp' ? undefined : complainOfPath(value, 'a path such as /healthz, or tcp'),
		),
		healthLong,
	],
	'a path such as /healthz, `tcp`, or an object with kind, path, interval, timeout, healthyAfter, unhealthyAfter, statuses',
);

export type HealthInput = z.input<typeof healthSchema>;

function complainOfPath(value: string, expected: string): string | undefined {
	if (/^\/[\x21\x22\x24-\x7e]*$/.test(value)) return undefined;
	return `expected ${expected}${/^[\w.-]+$/.test(value) ? `; write \`/${value}\`` : ''}`;
}

/** `200`, `200-399` → an inclusive range; undefined when it is neither or stands outside 100…599. */
export function parseStatuses(text: string | number): [number, number] | undefined {
	const found = /^(\d{3})(?:-(\d{3}))?$/.exec(String(text));
	if (found === null) return undefined;
	const from = Number(found[1]);
	const to = Number(found[2] ?? found[1]);
	return from >= 100 && to <= 599 && from <= to ? [from, to] : undefined;
}
