/** Traces, OTLP out and in, pages of metrics, as a person would write them. */
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import type { Destination } from '../otlp/destination.ts';
import type { ReceiveConfig, ScrapeConfig } from '../otlp/receive-config.ts';
import type { TracesConfig } from '../traces/config.ts';

type Form = Record<string, unknown>;

export function tracesForm(traces: TracesConfig | null): Form | 'off' {
	if (traces === null) return 'off';
	return {
		sample: formatShare(traces.sample),
		slow: formatDuration(traces.slowMs),
		restart: traces.restart,
		keep: formatDuration(traces.keepMs),
		size: formatSize(traces.maxBytesPerDay),
	};
}

export function receiveForm(receive: ReceiveConfig | null, secret: (value: string) => unknown): Form | 'off' {
	if (receive === null) return 'off';
	const { host, port, token, maxBytes, instances } = receive;
	return { port, host, ...(token === null ? {} : { token: secret(token) }), body: formatSize(maxBytes), instances };
}

/** Nothing where none are read. */
export function scrapeForm(pages: readonly ScrapeConfig[]): { scrape?: Form[] } {
	if (pages.length === 0) return {};
	const scrape = pages.map(({ of, path, port, intervalMs }) => ({
		of,
		path,
		...(port === null ? {} : { port }),
		interval: formatDuration(intervalMs),
	}));
	return { scrape };
}

/** A preset is written as what it stands for. */
export function exportForm(destinations: readonly Destination[], secret: (value: string) => unknown): Form {
	return Object.fromEntries(
		destinations.map((destination) => [destination.name, destinationForm(destination, secret)]),
	);
}

function destinationForm(destination: Destination, secret: (value: string) => unknown): Form {
	const signals = Object.keys(destination.urls);
	const [first = ''] = Object.values(destination.urls);
	const headers = Object.entries(destination.headers).map(([name, value]) => [name, secret(value)]);
	return {
		url: first.replace(/\/v1\/[a-z]+$/, ''),
		...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
		temporality: destination.temporality,
		histograms: destination.histograms,
		body: formatSize(destination.maxBytes),
		signals,
		interval: formatDuration(destination.intervalMs),
		timeout: formatDuration(destination.timeoutMs),
	};
}
