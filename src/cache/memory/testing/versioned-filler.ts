/** A worker that asks an origin, which is a number in shared memory, and stores what it says, until it is told to end. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Asking, FillState } from '../../answer-store.ts';
import { openAnswerStore } from '../memory-store.ts';
import { cacheKey, storedAnswer } from './answers.ts';

export interface VersionedStart {
	buffer: SharedArrayBuffer;
	recent: SharedArrayBuffer;
	/** The origin's version, whether it is over, and how often something was stored. */
	origin: SharedArrayBuffer;
	worker: number;
}

const KEY = cacheKey('ha.example/k');
const BYTES = 4;

if (parentPort !== null) {
	const { buffer, recent, origin, worker } = workerData as VersionedStart;
	const store = openAnswerStore(buffer, worker, { recent });
	const cells = new Int32Array(origin);
	const body = Buffer.alloc(BYTES);
	const answer = storedAnswer({ length: BYTES, tags: ['t'] });
	const whole = { answer, bytes: body, start: 0, end: BYTES, variantsMost: 32 };
	/** The origin's answer, which takes its time on the way. */
	const ask = (round: number): void => {
		body.writeInt32LE(Atomics.load(cells, 0));
		for (let turns = (round % 5) * 10_000; turns > 0; turns--) Atomics.load(cells, 1);
	};
	for (let round = 0; Atomics.load(cells, 1) === 0; round++) {
		const asking: Asking = { place: 0, entry: null, purges: store.purges };
		const found = store.find(KEY, () => true);
		if (found !== null && round % 2 === 0) {
			// It says that what is there still holds.
			ask(round);
			const holds = found.state === FillState.whole && found.read(0).equals(body);
			if (holds) store.update(found, answer, asking.purges)?.release();
			found.release();
			continue;
		}
		found?.release();
		if (store.ask(KEY, ({ state }) => state === FillState.asked, asking) !== null) continue;
		ask(round);
		if (asking.entry === null && round % 3 !== 0 && store.put(KEY, asking, whole)) {
			Atomics.add(cells, 2, 1);
			continue;
		}
		const entry = asking.entry ?? store.open(KEY, asking);
		const stores = entry?.setAnswer(answer) === true && entry.append(body, 0, BYTES);
		if (stores) entry?.complete(null);
		else entry?.fail(FillState.broken);
		entry?.release();
		if (stores) Atomics.add(cells, 2, 1);
	}
	parentPort.postMessage('over');
}
