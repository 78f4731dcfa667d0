import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/wire/testing/random.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf, TRANSPORTS } from '../support/suite.ts';
import { AlertWatch } from './alert-watch.ts';
import { EchoClient, type Outcome, type Told } from './echo-client.ts';
import { ECHO_RUN } from './echo-instances.ts';
import { count, faultTest } from './judge.ts';
import { nextBatch } from './mixed-requests.ts';
import { PROMISED, sized } from './plan.ts';
import { corePid, judgeWhole, residentBytes } from './wholeness.ts';

const INSTANCES = 4;
const CLIENTS = 48;
const SEED = Number(process.env['BALLAST_SEED'] ?? 1);
/** Every so many requests a process is killed, the next in turn: instances, and now and then the core. */
const KILL_EACH = sized(3000, 10_000);
const CORE_EACH = 6;

class Tally {
	sent = 0;
	aborted = 0;
	kills = 0;
	readonly outcomes = new Map<Outcome, number>();
	readonly wrong: string[] = [];

	add({ outcome, why }: Told): void {
		this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
		if (outcome === 'wrong' && this.wrong.length < 10) this.wrong.push(why);
	}

	of(outcome: Outcome): string {
		return count(this.outcomes.get(outcome) ?? 0);
	}
}

async function clientLoop(
	port: number,
	tally: Tally,
	{ random, most }: { random: Random; most: number },
): Promise<void> {
	let client: EchoClient | null = null;
	while (tally.sent < most) {
		const { requests, fresh, leaveMs, how, gap } = nextBatch(tally.sent, random);
		tally.sent += requests.length;
		if (fresh) client?.leave('destroy');
		if (client === null || client.over || fresh) {
			client = new EchoClient(port, (told) => tally.add(told));
			if (!(await client.connected())) await sleep(10);
		}
		const settled = client.ask(requests, gap);
		if (leaveMs !== null) {
			tally.aborted++;
			if (leaveMs > 0) await sleep(leaveMs);
			client.leave(how);
		}
		await settled;
	}
	client?.leave('destroy');
}

/** kill -9, of an instance or of the core, until it is told to stop. */
async function killLoop(ballast: Ballast, tally: Tally, isOver: () => boolean): Promise<void> {
	for (let turn = 1; !isOver(); turn++) {
		while (tally.sent < turn * KILL_EACH && !isOver()) await sleep(20);
		const status = await statusOf(ballast).catch(() => null);
		const instance = status?.services[0]?.instances[turn % INSTANCES];
		const pid = turn % CORE_EACH === 0 ? status?.core.pid : instance?.pid;
		if (pid === undefined || pid === null || isOver()) continue;
		try {
			process.kill(pid, 'SIGKILL');
			tally.kills++;
		} catch {
			// Gone by itself meanwhile.
		}
	}
}

async function mixed(stack: AsyncDisposableStack, env: Record<string, string>, most: number) {
	const app = {
		instances: { run: ECHO_RUN, grace: '2s' },
		scale: INSTANCES,
		health: { path: '/', interval: '500ms' },
		timeouts: { connect: '300ms', firstByte: '400ms' },
		upstream: { idle: '3s' },
	};
	const ballast = stack.use(await startBallast({ workers: 2, stop: '0s', services: { app } }, { env }));
	const tally = new Tally();
	let over = false;
	const alert = new AlertWatch(ballast, PROMISED.answers);
	const killing = killLoop(ballast, tally, () => over);
	const started = performance.now();
	const clients = Array.from({ length: CLIENTS }, (_, i) =>
		clientLoop(ballast.port, tally, { random: new Random(SEED * 1000 + i), most }),
	);
	await Promise.all(clients);
	over = true;
	await killing;
	return { ballast, tally, alert, seconds: (performance.now() - started) / 1000 };
}

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	const most = transport === 'handle' ? sized(20_000, 1_000_000) : sized(6000, 100_000);
	faultTest('answers', `over the ${transport}, seed ${SEED}`, async (judge, { stack }) => {
		const { ballast, tally, alert, seconds } = await mixed(stack, env, most);
		const mix = `whole ${tally.of('answered')}, errors of Ballast's own ${tally.of('refused')}, cut ${tally.of('cut')}, none ${tally.of('unanswered')}`;
		judge(
			`never another's answer, nor part of one (${transport})`,
			tally.wrong[0] ??
				`0 of ${count(tally.sent)} in ${seconds.toFixed(0)} s: ${mix}; ${tally.kills} kills, ${count(tally.aborted)} clients left`,
			tally.wrong.length === 0 && tally.kills > 0 && (tally.outcomes.get('cut') ?? 0) > 0,
		);
		await eventually(
			async () => (await statusOf(ballast)).services[0]?.ready,
			(ready) => ready === INSTANCES,
			30_000,
		);
		// Seconds after the last kills the core is killed, too, and what it had counted goes with it: only a longer run shows it.
		if (sized(0, 1) === 1) await alert.judge(judge, transport);
		const megabytes = residentBytes(await corePid(ballast)) / 1e6;
		judge('memory stays bounded', `core ${count(megabytes)} MB behind it`, megabytes < 400);
		await judgeWhole(ballast, judge, INSTANCES);
	});
}
