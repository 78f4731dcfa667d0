/** What a person writes of where OTLP is pushed to. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import {
	choice,
	duration,
	key,
	list,
	map,
	object,
	oneOf,
	reference,
	required,
	size,
	text,
	valueOrReference,
} from '../core/schema.ts';
import type { Destination } from './destination.ts';

/** Resolved; the values of `headers` are secrets. */
export type ExportConfig = Destination;

const url = text('a URL such as http://collector:4318', (value) => {
	if (!URL.canParse(value)) return 'expected a URL such as http://collector:4318';
	const { protocol, username, password, search, hash } = new URL(value);
	if (protocol !== 'http:' && protocol !== 'https:') return 'expected http:// or https://';
	if (username !== '' || password !== '') return 'expected no user or password in the URL; use `headers`';
	return search === '' && hash === ''
		? undefined
		: 'expected a URL without `?` and `#`; `/v1/metrics` and so on are added';
});
const signal = choice('metrics', 'logs', 'traces');
const site = text('a site such as datadoghq.eu', (value) =>
	/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value) ? undefined : 'expected a site such as datadoghq.com or datadoghq.eu',
);

const common = {
	signals: key(list(signal, 'metrics, logs, traces'), 'What is sent.', {
		defaultText: 'metrics, logs and traces; to Datadog metrics alone',
		example: ['metrics', 'traces'],
	}),
	interval: key(duration(1000, 3_600_000), 'How often metrics are sent.', {
		defaultText: '15s; of the presets 60s and 10s',
		example: '30s',
	}),
	timeout: key(duration(100, 60_000), 'Time for one request.', { default: '10s', example: '5s' }),
};

const presetSchema = object({
	preset: required(choice('newrelic', 'datadog'), 'Whose receiver it is: address, key, temporality and sizes follow.', {
		example: 'newrelic',
	}),
	key: required(reference, 'The key: the licence key of New Relic, the API key of Datadog.', {
		example: { env: 'NEW_RELIC_LICENSE_KEY' },
	}),
	region: key(choice('us', 'eu'), 'Of New Relic.', { default: 'us', example: 'eu' }),
	site: key(site, 'Of Datadog.', { default: 'datadoghq.com', example: 'datadoghq.eu' }),
	...common,
});

const ownSchema = object({
	url: required(url, 'Address of the receiver; `/v1/metrics`, `/v1/logs` and `/v1/traces` are added.', {
		example: 'http://collector:4318',
	}),
	headers: key(map(valueOrReference, 'header fields'), 'Fields that are sent along, such as a key.', {
		defaultText: 'none',
		example: { 'x-key': { env: 'OTLP_KEY' } },
	}),
	temporality: key(
		choice('cumulative', 'delta'),
		'Whether counts are sent since the start or since the last time that they arrived.',
		{ default: 'cumulative', example: 'delta' },
	),
	histograms: key(
		choice('explicit', 'exponential'),
		"How durations are sent: with OpenTelemetry's 14 bounds, or finely.",
		{ default: 'explicit', example: 'exponential' },
	),
	body: key(size(10_000, 64_000_000), 'Most that a request may hold, before it is compressed.', {
		default: '1MB',
		example: '4MB',
	}),
	...common,
});

export const exportSchema = map(
	oneOf([url, presetSchema, ownSchema], 'a URL, an object with preset, key, or an object with url, headers'),
	'destinations',
);

export type ExportInput = z.input<typeof exportSchema>;
export type DestinationInput = ExportInput[string];
