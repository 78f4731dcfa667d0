/** A worker that begins to fill an entry and never ends, or one that reads what another one fills. */
import { parentPort, workerData } from 'node:worker_threads';
import { FillState } from '../../answer-store.ts';
import { openAnswerStore } from '../memory-store.ts';
import { cacheKey, storedAnswer } from './answers.ts';

export interface FillerStart {
	buffer: SharedArrayBuffer;
	worker: number;
	role: 'filler' | 'reader';
}

const STATES: readonly string[] = ['asked', 'filling', 'whole', 'broken', 'refused'];

if (parentPort !== null) {
	const { buffer, worker, role } = workerData as FillerStart;
	const store = openAnswerStore(buffer, worker);
	const port = parentPort;
	const alive = setInterval(() => undefined, 60_000);
	if (role === 'filler') {
		const entry = store.begin(cacheKey('k'));
		entry?.setAnswer(storedAnswer());
		entry?.append(Buffer.from('begun'), 0, 5);
		port.postMessage('begun');
	} else {
		const entry = store.find(cacheKey('k'), () => true);
		let read = 0;
		const listener = {
			entryChanged: () => {
				if (entry === null) return;
				while (read < entry.received) read += entry.read(read).length;
				if (entry.state < FillState.whole) return;
				entry.unwatch(listener);
				entry.release();
				port.postMessage(`${STATES[entry.state]} ${read}`);
				clearInterval(alive);
			},
		};
		entry?.watch(listener);
	}
}
