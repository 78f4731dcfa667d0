/**
 * kill -9 of the core under 48 looping clients. What was in flight may fail: one request on each connection that was
 * open then. Nothing else may, and the next answer comes within a second. `--quick`: 1 kill instead of 3.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './measure/ratios.ts';
import { type LoopingClients, loopClients, reasons } from './stability/looping-clients.ts';
import { allReady, instancePids, type RunningBallast, startBallast } from './stability/running-ballast.ts';
import { conclude, quick } from './stability/verdict.ts';

const KILLS = quick ? 1 : 3;
/** Load before the first kill. */
const BEFORE_MS = 1000;
/** Between two kills: cores that die in a row are started ever later, and 10 s without a death begin the row anew. */
const BETWEEN_MS = 11_000;

interface Kill {
	readonly inFlight: number;
	readonly at: number;
	/** To the first answer on a connection that was opened after the kill. */
	readonly nextAnswerMs: number;
}

async function killOnce(ballast: RunningBallast, clients: LoopingClients): Promise<Kill> {
	const { core } = await ballast.status();
	let tell: (ms: number) => void = () => undefined;
	const answered = new Promise<number>((resolve) => {
		tell = resolve;
	});
	const inFlight = clients.inFlight();
	const at = performance.now();
	clients.onAnswer = (openedAt, endedAt) => {
		if (openedAt > at) tell(endedAt - at);
	};
	process.kill(core.pid, 'SIGKILL');
	const nextAnswerMs = await Promise.race([answered, sleep(20_000, Number.POSITIVE_INFINITY)]);
	await ballast.until('a new core serves', (status) => status.core.pid !== core.pid && allReady(status));
	return { inFlight, at, nextAnswerMs };
}

await conclude('core-kill', async () => {
	const ballast = await startBallast(2);
	try {
		const instances = instancePids(await ballast.status()).toSorted();
		const clients = loopClients(ballast.port, 24, 24);
		const kills: Kill[] = [];
		for (let turn = 0; turn < KILLS; turn++) {
			await sleep(turn === 0 ? BEFORE_MS : BETWEEN_MS);
			kills.push(await killOnce(ballast, clients));
		}
		await sleep(BEFORE_MS);
		await clients.stop();
		const late = clients.failures.filter(
			(failure) => !kills.some((kill) => failure.openedAt <= kill.at && kill.at <= failure.endedAt),
		);
		const kept = String(instancePids(await ballast.status()).toSorted()) === String(instances);
		if (clients.failures.length > 0) console.log(`failed: ${reasons(clients.failures)}`);
		if (late.length > 0) console.log(`failed beyond what was in flight: ${reasons(late)}`);
		const slowest = Math.max(...kills.map((kill) => kill.nextAnswerMs));
		return [
			{
				figure: `failed beyond what was in flight at ${KILLS} kills`,
				key: 'failedBeyond',
				measured: late.length,
				most: 0,
			},
			{
				figure: 'next answer after a kill, slowest',
				key: 'nextAnswerMs',
				measured: Math.round(slowest),
				most: 1000,
				unit: 'ms',
			},
			{
				figure: 'next answer after a kill, median',
				key: 'nextAnswerMedianMs',
				measured: Math.round(median(kills.map((kill) => kill.nextAnswerMs))),
				most: undefined,
				unit: 'ms',
			},
			{ figure: 'instances lost', key: 'instancesLost', measured: kept ? 0 : 1, most: 0 },
			{
				figure: 'failed of what was in flight',
				key: 'failedInFlight',
				measured: clients.failures.length - late.length,
				most: undefined,
			},
			{
				figure: 'in flight at the kills',
				key: 'inFlight',
				measured: kills.reduce((sum, kill) => sum + kill.inFlight, 0),
				most: undefined,
			},
			{ figure: 'answered requests', key: 'answered', measured: clients.answered(), most: undefined },
		];
	} finally {
		await ballast.stop();
	}
});
