/** What happens in the demo, in order. */
import { request } from 'node:http';
import type { Load } from '../../examples/load.ts';
import type { Status } from '../../src/cli/status-answer.ts';
import { type DemoBallast, pause } from './ballast.ts';

export interface Stage {
	ballast: DemoBallast;
	load: Load;
	/** Requests a second of the steady load. */
	rate: number;
	/** One plain line. */
	say: (text: string) => void;
}

export interface Played {
	/** From the event until all was well again; null: nothing was broken. */
	healedMs: number | null;
	/** What the event may take along; null: nothing may fail. */
	mayFail: Loss | null;
}

/** Requests that were in flight when a process was killed. */
export interface Loss {
	/** At most so many. */
	requests: number;
	/** When it was killed, epoch ms. */
	at: number;
	/** How they may fail. */
	kinds: readonly string[];
}

export interface Act {
	event: string;
	/** How long it is watched at least, s: normally, and with --fast. */
	seconds: [number, number];
	play(stage: Stage): Promise<Played>;
}

const NOTHING: Played = { healedMs: null, mayFail: null };
/** The connection broke off, before the answer or within it. */
const BROKEN_OFF = ['reset', 'resetReused', 'cut'];
/** Failures that show this long after a kill were in flight then. */
export const IN_FLIGHT_MS = 2000;

export const ACTS: readonly Act[] = [
	{
		event: 'steady load',
		seconds: [20, 3],
		play: async ({ say, rate }) => {
			say(`${rate} requests a second: lists, uploads, renders, event streams; a quarter on connections of their own`);
			return NOTHING;
		},
	},
	{
		event: 'load × 5',
		seconds: [25, 3],
		play: async ({ say, rate, load }) => {
			load.setRate(rate * 5);
			say(`${rate * 5} requests a second`);
			return NOTHING;
		},
	},
	{ event: 'instance killed -9', seconds: [20, 3], play: killInstance },
	{ event: 'rolling release', seconds: [20, 1], play: release },
	{ event: 'bad configuration', seconds: [10, 1], play: badConfiguration },
	{ event: 'core killed -9', seconds: [20, 3], play: killCore },
];

async function killInstance({ ballast, load, rate, say }: Stage): Promise<Played> {
	load.setRate(rate);
	await pause(1000);
	const { services } = await ballast.status();
	const [busiest] = services.flatMap(({ instances }) => instances).sort((a, b) => b.inFlight - a.inFlight);
	if (!busiest?.pid) throw new Error('no instance has a process id');
	const at = Date.now();
	process.kill(busiest.pid, 'SIGKILL');
	say(`kill -9 of ${busiest.id} (pid ${busiest.pid}) with ${busiest.inFlight} requests in flight; the other two go on`);
	const isGone = (status: Status) =>
		status.services.every(({ instances }) => instances.every(({ pid }) => pid !== busiest.pid));
	await ballast.until('three instances are ready again', (status) => isGone(status) && isWhole(status), 30_000);
	say(`a new one is ready ${inSeconds(Date.now() - at)} after the kill`);
	return {
		healedMs: Date.now() - at,
		mayFail: { requests: busiest.inFlight + alreadySent(rate), at, kinds: [...BROKEN_OFF, 'status502'] },
	};
}

async function release({ ballast, say }: Stage): Promise<Played> {
	say('$ ballast restart videos: a new instance starts, an old one drains, three times');
	const { code, out, err } = await ballast.command('restart', 'videos');
	if (code !== 0) throw new Error(`the restart failed:\n${err}`);
	await ballast.until('three instances are ready', isWhole, 30_000);
	say(out.trimEnd().split('\n').at(-2) ?? 'done');
	return NOTHING;
}

async function badConfiguration({ ballast, say }: Stage): Promise<Played> {
	ballast.writeConfig('bad');
	say('somebody saves a configuration with mistakes in it, then: $ ballast reload');
	const { code, err } = await ballast.command('reload');
	if (code !== 2) throw new Error(`a bad configuration was not refused: exit code ${code}\n${err}`);
	for (const line of err.trimEnd().split('\n')) say(`  ${line}`);
	say('refused with exit code 2; what ran goes on');
	ballast.writeConfig('good');
	const again = await ballast.command('reload');
	if (again.code !== 0) throw new Error(`the corrected configuration was refused:\n${again.err}`);
	return NOTHING;
}

async function killCore({ ballast, rate, say }: Stage): Promise<Played> {
	const { core, services } = await ballast.status();
	const instances = services.flatMap((service) => service.instances);
	const inFlight = instances.reduce((sum, instance) => sum + instance.inFlight, 0);
	const at = Date.now();
	process.kill(core.pid, 'SIGKILL');
	say(`kill -9 of the core (pid ${core.pid}) with ${inFlight} requests in flight; instances live on, connections wait`);
	await firstAnswer(`${ballast.url}/healthz`, 20_000);
	const healedMs = Date.now() - at;
	say(`the first request after the kill is answered ${inSeconds(healedMs)} later`);
	await ballast.until(
		'the new core has taken over',
		(status) => status.core.pid !== core.pid && isWhole(status),
		30_000,
	);
	const pids = new Set((await ballast.status()).services.flatMap((service) => service.instances.map(({ pid }) => pid)));
	if (!instances.every(({ pid }) => pids.has(pid))) throw new Error('an instance did not outlive the core');
	say('the same three instances serve under the new core');
	return { healedMs, mayFail: { requests: inFlight + alreadySent(rate), at, kinds: BROKEN_OFF } };
}

/** What was sent between the look at the counts and the end of the process, on a machine that is busy. */
function alreadySent(rate: number): number {
	return Math.max(10, Math.ceil(rate / 5));
}

function isWhole({ services }: Status): boolean {
	return services.every(({ ready, desired, instances }) => ready === desired && instances.length === desired);
}

/** Asks until a status below 500 comes: a connection that was broken off is tried again, one that waits is waited for. */
async function firstAnswer(url: string, mostMs: number): Promise<void> {
	for (const end = Date.now() + mostMs; Date.now() < end; await pause(10)) {
		const status = await new Promise<number>((resolve) => {
			const asked = request(url, { agent: false, timeout: mostMs }, (response) => {
				response.resume();
				resolve(response.statusCode ?? 0);
			});
			asked.on('error', () => resolve(0)).on('timeout', () => asked.destroy());
			asked.end();
		});
		if (status > 0 && status < 500) return;
	}
	throw new Error(`no answer within ${mostMs / 1000} s`);
}

export function inSeconds(ms: number): string {
	return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
