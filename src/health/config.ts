/** How a service's instances are probed. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { complainOfPattern } from '../core/pattern.ts';
import {
	choice,
	duration,
	integer,
	key,
	list,
	map,
	object,
	oneOf,
	required,
	text,
	valueOrReference,
} from '../core/schema.ts';

export type ProbeMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'OPTIONS';

/** What the body of a probe's answer must hold: a text, or a part that a regular expression fits. */
export type BodyMatch = { kind: 'text'; text: string } | { kind: 'pattern'; source: string };

/** Probes of one service, resolved. Without a `health` key: a TCP connect. */
export interface HealthConfig {
	kind: 'http' | 'tcp';
	/** Unused by `tcp`, as are path, headers, body and statuses. A method that has a body sends an empty one. */
	method: ProbeMethod;
	path: string;
	/** Fields that each probe sends; they replace Ballast's own of that name. */
	headers: [string, string][];
	/** Lower-case names in `headers` whose values came from a reference: never print them. */
	secretHeaders: string[];
	/** Looked for in the first 64 KiB of the body; null: the status is enough. */
	body: BodyMatch | null;
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

const bodyText = text('a text that the body holds', (value) =>
	value === '' || value.length > 1000 ? 'expected a text of 1 to 1000 characters' : undefined,
);

export const healthLong = object({
	kind: key(choice('http', 'tcp'), 'What a probe is: a request, or only a connect.', {
		defaultText: '`http` when path, method, headers, body or statuses is given, else `tcp`',
		example: 'tcp',
	}),
	method: key(choice('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'), 'Method of the request; POST and PUT send no body.', {
		default: 'GET',
		example: 'HEAD',
	}),
	path: key(path, 'Path (and query) of the request.', {
		default: '/',
		example: '/healthz',
	}),
	headers: key(
		map(valueOrReference, 'names and values'),
		'Header fields of the request. A secret stands here only by reference.',
		{ default: {}, example: { Authorization: { env: 'PROBE_AUTHORIZATION' } } },
	),
	body: key(
		oneOf(
			[
				bodyText,
				object({
					matches: required(
						text('a regular expression such as "status": *"ok"', complainOfPattern),
						'A regular expression that must fit a part of it.',
						{ example: '"status": *"(ok|degraded)"' },
					),
				}),
			],
			'a text that the body holds, or { matches: a regular expression }',
		),
		"What the first 64 KiB of the answer's body must hold.",
		{ defaultText: 'none', example: '"status":"ok"' },
	),
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
	'a path such as /healthz, `tcp`, or an object with kind, method, path, headers, body, interval, timeout, healthyAfter, unhealthyAfter, statuses',
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
