/** Traces, OTLP out and in, pages of metrics: what a file says of them. */
import { parseDuration, parseShare, parseSize } from '../core/units.ts';
import { type Destination, SIGNALS, type Signal } from '../otlp/destination.ts';
import type { DestinationInput, ExportInput } from '../otlp/export-config.ts';
import {
	NODE_EXPORTER_PORT,
	type ReceiveConfig,
	type ReceiveInput,
	type ScrapeConfig,
	type ScrapeInput,
} from '../otlp/receive-config.ts';
import type { TracesConfig, TracesInput } from '../traces/config.ts';
import { isLoopback } from './loopback.ts';
import type { Place } from './scope.ts';

const ms = (text: string | undefined, otherwise: number): number => parseDuration(text ?? '') ?? otherwise;
const bytes = (text: string | undefined, otherwise: number): number => parseSize(text ?? '') ?? otherwise;

/** null: off. */
export function resolveTraces(input: TracesInput | undefined): TracesConfig | null {
	if (input === 'off' || input === false) return null;
	const long = typeof input === 'string' ? { sample: input } : (input ?? {});
	return {
		sample: parseShare(long.sample ?? '') ?? 0.01,
		slowMs: ms(long.slow, 1000),
		restart: long.restart ?? 'never',
		keepMs: ms(long.keep, 7 * 86_400_000),
		maxBytesPerDay: bytes(long.size, 256 * 1024 * 1024),
	};
}

/** null: off, as it is where nothing is said. */
export function resolveReceive(input: ReceiveInput | undefined, place: Place): ReceiveConfig | null {
	if (input === undefined || input === 'off' || input === false) return null;
	const long = typeof input === 'number' ? { port: input } : input === 'on' ? {} : input;
	const host = long.host ?? '127.0.0.1';
	const token = long.token === undefined ? null : (place.at('token').secret(long.token) ?? null);
	if (!isLoopback(host) && long.token === undefined) {
		const message = `expected a \`token\` beside it, since other machines reach ${host}; or 127.0.0.1`;
		place.at('host').problem(message, { value: host });
	}
	return {
		host,
		port: long.port ?? 4318,
		token,
		maxBytes: bytes(long.body, 4 * 1024 * 1024),
		instances: long.instances ?? true,
	};
}

export function resolveScrape(input: ScrapeInput | undefined, place: Place): ScrapeConfig[] {
	if (input === undefined) return [];
	const all = typeof input === 'string' ? [{ path: input }] : Array.isArray(input) ? input : [input];
	const pages = all.map(({ of = 'instance', path = '/metrics', port, interval }) => ({
		of,
		path,
		port: port ?? (of === 'host' ? NODE_EXPORTER_PORT : null),
		intervalMs: ms(interval, 15_000),
	}));
	for (const [at, page] of pages.entries()) {
		const earlier = pages.findIndex(({ path, port }) => path === page.path && port === page.port);
		if (earlier < at) place.at(at).problem(`expected each page once; element ${earlier} is this one`);
	}
	return pages;
}

/** In the order of the file. */
export function resolveExports(input: ExportInput | undefined, place: Place): Destination[] {
	return Object.entries(input ?? {}).map(([name, one]) => resolveDestination(name, one, place.at(name)));
}

function resolveDestination(name: string, input: DestinationInput, place: Place): Destination {
	if (!/^[a-z0-9][a-z0-9_-]{0,62}$/i.test(name))
		place.problem('expected a name of letters, digits, `-` and `_`', { at: 'key' });
	if (typeof input === 'string') return ownDestination(name, { url: input }, place);
	return 'preset' in input ? presetDestination(name, input, place) : ownDestination(name, input, place);
}

type OwnInput = Extract<DestinationInput, { url: unknown }>;
type PresetInput = Extract<DestinationInput, { preset: unknown }>;

function ownDestination(name: string, input: OwnInput, place: Place): Destination {
	const headers: Record<string, string> = {};
	for (const [field, value] of Object.entries(input.headers ?? {})) {
		const at = place.at('headers', field);
		if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(field))
			at.problem('expected the name of a header field', { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) continue;
		if (!/^[\t -~]*$/.test(text)) at.problem('expected text that a header field can hold: ASCII without line ends');
		else headers[field.toLowerCase()] = text;
	}
	return {
		name,
		urls: urlsOf(input.url, input.signals ?? SIGNALS),
		headers,
		temporality: input.temporality ?? 'cumulative',
		histograms: input.histograms ?? 'explicit',
		maxBytes: bytes(input.body, 1_000_000),
		intervalMs: ms(input.interval, 15_000),
		timeoutMs: ms(input.timeout, 10_000),
	};
}

function presetDestination(name: string, input: PresetInput, place: Place): Destination {
	const key = place.at('key').secret(input.key) ?? '';
	if (!/^[!-~]*$/.test(key)) place.at('key').problem('expected a key of ASCII characters, without spaces');
	const timeoutMs = ms(input.timeout, 10_000);
	if (input.preset === 'newrelic') {
		refuseKey('site', 'datadog', input, place);
		const host = input.region === 'eu' ? 'otlp.eu01.nr-data.net' : 'otlp.nr-data.net';
		return {
			name,
			urls: urlsOf(`https://${host}`, input.signals ?? SIGNALS),
			headers: { 'api-key': key },
			temporality: 'delta',
			histograms: 'exponential',
			maxBytes: 1_000_000,
			intervalMs: ms(input.interval, 60_000),
			timeoutMs,
		};
	}
	refuseKey('region', 'newrelic', input, place);
	return {
		name,
		urls: urlsOf(`https://otlp.${input.site ?? 'datadoghq.com'}`, input.signals ?? ['metrics']),
		headers: { 'dd-api-key': key },
		temporality: 'delta',
		histograms: 'explicit',
		maxBytes: 500_000,
		intervalMs: ms(input.interval, 10_000),
		timeoutMs,
	};
}

function refuseKey(key: 'site' | 'region', preset: string, input: PresetInput, place: Place): void {
	if (input[key] === undefined) return;
	const message = `expected nothing here: \`${key}\` is for \`preset: ${preset}\``;
	place.at(key).problem(message, { at: 'key', related: [place.at('preset').path] });
}

function urlsOf(base: string, signals: readonly Signal[]): Destination['urls'] {
	const stem = base.replace(/\/+$/, '');
	return Object.fromEntries(signals.map((signal) => [signal, `${stem}/v1/${signal}`]));
}
