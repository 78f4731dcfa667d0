/** What must hold after every fault: all is as before it, and no memory was eaten. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Ballast } from '../support/ballast.ts';
import { eventually, inFlight, statusOf } from '../support/suite.ts';
import { EchoClient, type Told } from './echo-client.ts';
import { asked } from './echo-load.ts';
import type { Judge } from './judge.ts';

/** Resident memory of a process, bytes; 0: it is gone. */
export function residentBytes(pid: number): number {
	try {
		return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
	} catch {
		return 0;
	}
}

/** Sockets that a process holds. */
export function socketsOf(pid: number): number {
	let count = 0;
	for (const name of readdirSync(`/proc/${pid}/fd`)) {
		try {
			if (readlinkSync(`/proc/${pid}/fd/${name}`).startsWith('socket:')) count++;
		} catch {
			// Closed meanwhile.
		}
	}
	return count;
}

export const corePid = async (ballast: Ballast): Promise<number> => (await statusOf(ballast)).core.pid;

/** One request on a connection of its own. */
export async function askOnce(port: number, changes: Parameters<typeof asked>[1] = {}): Promise<Told> {
	const { promise, resolve } = Promise.withResolvers<Told>();
	const client = new EchoClient(port, resolve);
	void client.ask([asked(0, { last: true, ...changes })]);
	const told = await promise;
	client.leave('destroy');
	return told;
}

/** Judges that all is whole again: as many instances ready as before, nothing under way, requests answered. */
export async function judgeWhole(ballast: Ballast, judge: Judge, ready: number): Promise<void> {
	const healed = performance.now();
	const readyNow = async () => (await statusOf(ballast)).services.reduce((sum, service) => sum + service.ready, 0);
	await eventually(readyNow, (count) => count === ready, 20_000);
	const tookMs = performance.now() - healed;
	await eventually(
		() => inFlight(ballast),
		(count) => count === 0,
		10_000,
	);
	const statuses: number[] = [];
	for (let i = 0; i < 2 * ready; i++) statuses.push((await askOnce(ballast.port)).status);
	judge(
		'whole again once the fault ends',
		`${ready} ready after ${(tookMs / 1000).toFixed(1)} s, nothing in flight`,
		statuses.every((status) => status === 200),
	);
}
