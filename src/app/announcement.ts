import type { Config } from '../config/config.ts';
import { formatDuration } from '../core/units.ts';
import type { Event, EventLog } from './event-log.ts';
import type { Keeper } from './keeper-port.ts';

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

/** That the core before this one died: only the keeper saw it, and this one is the first that can write it down. */
export function deathOf(died: Keeper['welcome']['died'], nowMs: number): Event[] {
	if (died === undefined || died === null) return [];
	const after = formatDuration(Math.max(1, nowMs - died.atMs));
	const text = `the core (pid ${died.pid}) died: ${died.how}; this one began ${after} later`;
	return [{ level: 'error', subject: 'ballast', text, kind: 'core_died' }];
}
