/** A worker for tests of those that start workers: it does what the name of an instance tells it to. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FromWorker, NodeCell, type ToWorker, type WorkerStart } from '../plan.ts';

const start = workerData as WorkerStart;
const cells = new Int32Array(start.node).subarray(start.id * NodeCell.cells, (start.id + 1) * NodeCell.cells);
const say = (message: FromWorker): void => parentPort?.postMessage(message);

setInterval(() => Atomics.add(cells, NodeCell.heartbeat, 1), 10);
cells[NodeCell.connections] = 7;
let prepared = start.plan.generation;

const deeds: Record<string, () => void> = {
	hang: () => {
		for (;;);
	},
	exit: () => process.exit(0),
	throw: () => {
		throw new Error('on purpose');
	},
};

parentPort?.on('message', (message: ToWorker) => {
	if (message.type === 'prepare') {
		if (message.plan.trust.includes(`die ${start.id}`)) process.exit(0);
		prepared = message.plan.generation;
		say({ type: 'prepared', generation: prepared, error: message.plan.trust.includes('refuse') ? 'it refuses' : '' });
	} else if (message.type === 'commit') {
		if (message.generation === prepared) say({ type: 'committed', generation: prepared });
	} else if (message.type === 'end') process.exit(0);
	else if ('seq' in message) {
		if (message.type === 'instance') deeds[message.instance.id]?.();
		say({ type: 'done', seq: message.seq, error: message.type === 'remove' ? 'unknown' : '' });
	}
});
say({ type: 'up' });
