import type { EventLog } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import type { Listeners } from './listeners.ts';
import { untilQuiet } from './until-quiet.ts';
import type { WorkerGroup } from './worker-group.ts';

/** Finishes what is under way, as far as the grace goes, then ends workers and instances. */
export async function shutDown(
	parts: { listeners: Listeners; workers: WorkerGroup; fleet: Fleet; log: EventLog },
	graceMs: number,
): Promise<void> {
	const { listeners, workers, fleet, log } = parts;
	const { active: underWay } = workers.load();
	const text = `stopping: ${underWay} under way may take up to ${graceMs / 1000} s; a second Ctrl-C ends at once`;
	log.add({ level: 'info', subject: 'ballast', text });
	const until = Date.now() + graceMs;
	await listeners.release();
	workers.tell({ type: 'drain' });
	await untilQuiet(() => workers.load(), until);
	// What is still under way is cut off; no instance could leave while a worker waits for it.
	if (workers.load().active > 0) await workers.end();
	await fleet.stop(Math.max(1000, graceMs));
	await workers.end();
	log.add({ level: 'info', subject: 'ballast', text: 'stopped' });
}
