import type { Config } from '../config/config.ts';
import type { EventLog } from './event-log.ts';

/** What a core says once it serves: a line for each listener, and what it serves. `by`: the file, or `run`. */
export function announcement(config: Config, listeners: readonly { address: string }[], by: string): string[] {
	const names = config.services.map(({ name }) => name).join(', ');
	const workers = `${config.workers} worker${config.workers === 1 ? '' : 's'}`;
	const listening = listeners.map(({ address }) => `listening on ${address}`);
	return [...listening, `serving ${names} with ${workers}, by ${by}`];
}

export function announce(log: EventLog, texts: readonly string[]): void {
	for (const text of texts) log.add({ level: 'info', subject: 'ballast', text });
}
