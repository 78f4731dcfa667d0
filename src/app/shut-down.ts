import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './config-swap.ts';
import type { Led } from './lead.ts';
import { untilQuiet } from './until-quiet.ts';

/** Time that attempts of jobs have in a core that another one follows, ms: the other waits for none of them. */
const JOBS_GRACE_MS = 600_000;

/** Given to what is done at once unless something hangs, ms. */
const LEAST_MS = 1000;

const late = (ms: number): Promise<void> => sleep(Math.max(0, ms), undefined, { ref: false });

/** Finishes what is under way, as far as the grace goes, then ends workers and instances. */
export async function shutDown(
	parts: Pick<Running, 'listeners' | 'workers' | 'fleet' | 'log' | 'scaling' | 'purging' | 'monitor' | 'served'> &
		Pick<Led, 'cache'>,
	graceMs: number,
): Promise<void> {
	const { listeners, workers, fleet, log, scaling, purging, monitor, served, cache } = parts;
	scaling.stop();
	const passedOn = purging.end();
	const { active: underWay } = workers.load();
	const text = `stopping: ${underWay} under way may take up to ${graceMs / 1000} s; a second Ctrl-C ends at once`;
	log.add({ level: 'info', subject: 'ballast', text });
	const until = Date.now() + graceMs;
	const rested = served.jobs.rest(graceMs);
	const shut = listeners.shut().catch((error: unknown) => {
		log.add({ level: 'warn', subject: 'ballast', text: `not all addresses are given up in order: ${error}` });
	});
	await Promise.race([shut, late(Math.max(LEAST_MS, graceMs))]);
	await listeners.release();
	await Promise.race([workers.orderAll({ type: 'drain' }), late(Math.max(LEAST_MS, until - Date.now()))]);
	// Attempts of jobs have no client whose connection tells of them. The thread that knows may wait for a disk.
	const known = Promise.race([rested, late(until + LEAST_MS - Date.now())]);
	await Promise.all([untilQuiet(() => workers.load(), until), known]);
	// While instances end, nobody should be left who could ask them.
	await Promise.race([workers.orderAll({ type: 'hang-up' }), late(until - Date.now())]);
	// What is still under way is cut off; no instance could leave while a worker waits for it.
	if (workers.load().active > 0) await workers.end();
	const kept = cache.keeping?.end();
	await fleet.stop(Math.max(LEAST_MS, graceMs));
	await workers.end();
	await kept;
	await passedOn;
	// What the last requests changed, too.
	await purging.keepRest(await cache.shared.end());
	log.add({ level: 'info', subject: 'ballast', text: 'stopped' });
	await Promise.all([monitor.end(), served.jobs.end()]);
}

/** Accepts nothing more; resolves when the last connection has ended. */
export async function drainOut({
	admin,
	workers,
	monitor,
	counts,
	served,
	cache,
}: Pick<Running, 'admin' | 'workers' | 'monitor' | 'served'> & Pick<Led, 'counts' | 'cache'>): Promise<void> {
	admin.close();
	const rested = served.jobs.rest(JOBS_GRACE_MS);
	await workers.orderAll({ type: 'drain' });
	await counts.drain(() => workers.load().connections > 0);
	await rested;
	await cache.keeping?.ended();
	cache.shared.lose((await cache.shared.end()).length);
	await Promise.all([monitor.end(), served.jobs.end()]);
}
