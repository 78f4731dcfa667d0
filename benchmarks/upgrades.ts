/** `upgrade` again and again under 48 looping clients, half of them with a new connection each time. `--quick`: 2 instead of 5. */
import { loopClients, reasons } from './stability/looping-clients.ts';
import { allReady, instancePids, startBallast } from './stability/running-ballast.ts';
import { conclude, quick } from './stability/verdict.ts';

const UPGRADES = quick ? 2 : 5;

await conclude('upgrades', async () => {
	const ballast = await startBallast(2);
	try {
		const instances = instancePids(await ballast.status()).toSorted();
		const clients = loopClients(ballast.port, 24, 24);
		let instancesReplaced = 0;
		const from = performance.now();
		for (let turn = 1; turn <= UPGRADES; turn++) {
			const before = await ballast.status();
			await ballast.must('upgrade');
			const after = await ballast.until(
				`upgrade ${turn}: a new core serves`,
				(status) => status.core.pid !== before.core.pid && allReady(status),
			);
			if (String(instancePids(after).toSorted()) !== String(instances)) instancesReplaced++;
		}
		const seconds = (performance.now() - from) / 1000;
		await clients.stop();
		if (clients.failures.length > 0) console.log(`failed: ${reasons(clients.failures)}`);
		return [
			{ figure: `failed requests in ${UPGRADES} upgrades`, key: 'failed', measured: clients.failures.length, most: 0 },
			{
				figure: 'upgrades that did not keep the instances',
				key: 'instancesReplaced',
				measured: instancesReplaced,
				most: 0,
			},
			{ figure: 'answered requests', key: 'answered', measured: clients.answered(), most: undefined },
			{
				figure: 'time of one upgrade',
				key: 'secondsEach',
				measured: Number((seconds / UPGRADES).toFixed(2)),
				most: undefined,
				unit: 's',
			},
		];
	} finally {
		await ballast.stop();
	}
});
