import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './config-swap.ts';
import type { Led } from './lead.ts';
import { untilQuiet } from './until-quiet.ts';

/** Finishes what is under way, as far as the grace goes, then ends workers and instances. */
export async function shutDown(
	parts: Pick<Running, 'listeners' | 'workers' | 'fleet' | 'log' | 'scaling' | 'purging' | 'monitor'> &
		Pick<Led, 'cache'>,
	graceMs: number,
): Promise<void> {
	const { listeners, workers, fleet, log, scaling, purging, monitor, cache } = parts;
	scaling.stop();
	const passedOn = purging.end();
	const { active: underWay } = workers.load();
	const text = `stopping: ${underWay} under way may take up to ${graceMs / 1000} s; a second Ctrl-C ends at once`;
	log.add({ level: 'info', subject: 'ballast', text });
	const until = Date.now() + graceMs;
	await listeners.release();
	await Promise.race([workers.orderAll({ type: 'drain' }), sleep(graceMs, undefined, { ref: false })]);
	await untilQuiet(() => workers.load(), until);
	// What is still under way is cut off; no instance could leave while a worker waits for it.
	if (workers.load().active > 0) await workers.end();
	const kept = cache.keeping?.end();
	await fleet.stop(Math.max(1000, graceMs));
	await workers.end();
	await kept;
	await passedOn;
	log.add({ level: 'info', subject: 'ballast', text: 'stopped' });
	await monitor.end();
}

/** Accepts nothing more; resolves when the last connection has ended. */
export async function drainOut({
	admin,
	workers,
	monitor,
	counts,
	cache,
}: Pick<Running, 'admin' | 'workers' | 'monitor'> & Pick<Led, 'counts' | 'cache'>): Promise<void> {
	admin.close();
	await workers.orderAll({ type: 'drain' });
	await counts.drain(() => workers.load().connections > 0);
	await cache.keeping?.ended();
	await monitor.end();
}
