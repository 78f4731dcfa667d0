/** Where OTLP is pushed to, as the push takes it: all secrets resolved. */

export type Signal = 'metrics' | 'logs' | 'traces';
export const SIGNALS: readonly Signal[] = ['metrics', 'logs', 'traces'];

export interface Destination {
	/** Its name in the configuration; in what is said of it. */
	name: string;
	/** Of each signal that it gets. */
	urls: Readonly<Partial<Record<Signal, string>>>;
	/** Names in lower case. The values are secrets. */
	headers: Record<string, string>;
	temporality: 'delta' | 'cumulative';
	histograms: 'explicit' | 'exponential';
	/** Most bytes of a body, before it is compressed: the strictest that a receiver may mean. */
	maxBytes: number;
	/** How often metrics go; ms. */
	intervalMs: number;
	/** For one request, ms. */
	timeoutMs: number;
}

/** Whether a signal is sent anywhere. */
export const wantsSignal = (destinations: readonly Destination[], signal: Signal): boolean =>
	destinations.some(({ urls }) => urls[signal] !== undefined);
