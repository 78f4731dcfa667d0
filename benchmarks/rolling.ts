/** Rolling restarts in a row under 48 looping clients: no request may fail. `--quick`: 3 instead of 20. */
import { loopClients, reasons } from './stability/looping-clients.ts';
import { allReady, instancePids, startBallast } from './stability/running-ballast.ts';
import { conclude, quick } from './stability/verdict.ts';

const RESTARTS = quick ? 3 : 20;

await conclude('rolling', async () => {
	const ballast = await startBallast(2);
	try {
		const clients = loopClients(ballast.port, 24, 24);
		const from = performance.now();
		for (let turn = 1; turn <= RESTARTS; turn++) {
			const old = new Set(instancePids(await ballast.status()));
			await ballast.must('restart', { service: 'api' });
			await ballast.until(
				`restart ${turn}: all instances replaced`,
				(status) => allReady(status) && instancePids(status).every((pid) => !old.has(pid)),
			);
		}
		const seconds = (performance.now() - from) / 1000;
		await clients.stop();
		if (clients.failures.length > 0) console.log(`failed: ${reasons(clients.failures)}`);
		return [
			{
				figure: `failed requests in ${RESTARTS} rolling restarts`,
				key: 'failed',
				measured: clients.failures.length,
				most: 0,
			},
			{ figure: 'answered requests', key: 'answered', measured: clients.answered(), most: undefined },
			{
				figure: 'time of one restart',
				key: 'secondsEach',
				measured: Number((seconds / RESTARTS).toFixed(2)),
				most: undefined,
				unit: 's',
			},
		];
	} finally {
		await ballast.stop();
	}
});
