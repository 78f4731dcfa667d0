/** A worker that begins to fill an entry and never ends, one that reads what another one fills (some follow it, at a pace of their own), or one that begins what nobody has. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Asking, FillState } from '../../answer-store.ts';
import { type MemoryStore, openAnswerStore } from '../memory-store.ts';
import { cacheKey, storedAnswer } from './answers.ts';

export interface FillerStart {
	buffer: SharedArrayBuffer;
	worker: number;
	role: 'filler' | 'reader' | 'racer' | 'followers';
}

const STATES: readonly string[] = ['asked', 'filling', 'whole', 'broken', 'refused', 'purged'];

/** Keys that racers begin. */
export const RACED = 3000;

const WHOLE = { answer: storedAnswer({ length: 0 }), bytes: Buffer.alloc(0), start: 0, end: 0, variantsMost: 1 };

/** Byte of a body that no other one nearby is like. */
export const byteAt = (at: number): number => (at ^ (at >>> 8) ^ (at >>> 16)) & 255;

/** How much of the body of `byteAt` came; -1: a byte was wrong. Reads `step` bytes, then lets others go on. */
function follow(store: MemoryStore, step: number): Promise<number> {
	const entry = store.find(cacheKey('k'), () => true);
	const coming = entry?.follow(0) ?? null;
	return new Promise((resolve) => {
		let at = 0;
		const go = (): void => {
			if (entry === null || coming === null) return resolve(-2);
			const ended = coming.ended || entry.state >= FillState.whole;
			for (let left = step; left > 0 && at < coming.received; ) {
				const bytes = coming.read(at);
				// What is not passed must stay as it is for a while.
				for (let i = 0; i < bytes.length; i++) if (bytes[i] !== byteAt(at + i)) return resolve(-1);
				at += bytes.length;
				left -= bytes.length;
			}
			coming.passed(at);
			if (!ended || at < coming.received) return void setImmediate(go);
			coming.close();
			entry.release();
			resolve(at);
		};
		go();
	});
}

/** How many it began: each that it did not find. */
function race(store: MemoryStore): number {
	const any = (): boolean => true;
	let begun = 0;
	for (let at = 0; at < RACED; at++) {
		const key = cacheKey(`raced ${at}`);
		// A lookup that gave up on a lock is not one that found nothing.
		for (let tries = 0; tries < 1000; tries++) {
			if (store.find(key, any) !== null) break;
			const asking: Asking = { place: 0, entry: null, purges: store.purges };
			// What another one asks for is followed, and found.
			if (at % 2 === 0 ? store.begin(key, any) === null : store.ask(key, any, asking) !== null) continue;
			begun++;
			if (at % 2 === 1) store.put(key, asking, WHOLE);
			break;
		}
	}
	return begun;
}

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
	} else if (role === 'followers') {
		const all = [4096, 100_000, 1_000_000].map((step) => follow(store, step));
		port.postMessage('follows');
		void Promise.all(all).then((read) => {
			port.postMessage(read);
			clearInterval(alive);
		});
	} else if (role === 'racer') {
		port.postMessage(race(store));
		clearInterval(alive);
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
