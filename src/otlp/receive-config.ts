/** What a person writes of receiving OTLP, and of reading pages of metrics. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { bool, choice, duration, integer, key, list, object, oneOf, reference, size, text } from '../core/schema.ts';

export interface ReceiveConfig {
	host: string;
	port: number;
	/** A secret; null: nobody is asked for one. */
	token: string | null;
	/** Most bytes of a body. */
	maxBytes: number;
	/** Whether instances that we start are told to send here (`OTEL_*`). */
	instances: boolean;
}

export interface ScrapeConfig {
	of: 'instance' | 'host';
	path: string;
	/** null: that of the instance itself. */
	port: number | null;
	intervalMs: number;
}

export const RECEIVE_PORT = 4318;
export const NODE_EXPORTER_PORT = 9100;

const port = integer(1, 65_535);
const host = text('an address such as 127.0.0.1', (value) =>
	isIP(value) === 0 ? 'expected an IP address such as 127.0.0.1' : undefined,
);

export const receiveSchema = oneOf(
	[
		z.literal(false, { error: 'expected false' }),
		choice('off', 'on'),
		port,
		object({
			port: key(port, 'Its port.', { default: RECEIVE_PORT, example: 4319 }),
			host: key(host, 'Its address. Other than loopback it needs a `token`.', {
				default: '127.0.0.1',
				example: '10.0.0.1',
			}),
			token: key(reference, 'What must stand in `authorization: Bearer …`.', {
				defaultText: 'none',
				example: { env: 'OTLP_TOKEN' },
			}),
			body: key(size(1024, 64_000_000), 'Most that a request may hold, unpacked.', {
				default: '4MiB',
				example: '1MiB',
			}),
			instances: key(
				bool(),
				'Whether instances that Ballast starts are told to send here, by OTEL_EXPORTER_OTLP_ENDPOINT and the like. What `env` says wins.',
				{ default: true, example: false },
			),
		}),
	],
	'on, a port, an object with port, host, token, body, instances, or off',
);

export type ReceiveInput = z.input<typeof receiveSchema>;

const path = text('a path such as /metrics', (value) =>
	/^\/[!-~]*$/.test(value) ? undefined : 'expected a path such as /metrics',
);
const target = object({
	of: key(
		choice('instance', 'host'),
		"Whose page it is: the instance's own, of which all series are kept; or that of node_exporter on its machine, of which CPU and memory are.",
		{ default: 'instance', example: 'host' },
	),
	path: key(path, 'Its path.', { default: '/metrics', example: '/internal/metrics' }),
	port: key(port, 'Its port, at the address of the instance.', {
		defaultText: `the instance's; of a host ${NODE_EXPORTER_PORT}`,
		example: NODE_EXPORTER_PORT,
	}),
	interval: key(duration(1000, 3_600_000), 'How often it is read.', { default: '15s', example: '5s' }),
});

export const scrapeSchema = oneOf(
	[path, target, list(target, 'pages')],
	'a path such as /metrics, an object with of, path, port, interval, or a list of them',
);

export type ScrapeInput = z.input<typeof scrapeSchema>;
