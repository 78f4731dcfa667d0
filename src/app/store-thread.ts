import { parentPort } from 'node:worker_threads';
import { BallastError } from '../core/errors.ts';
import type { FromStore, ToStore } from './store-messages.ts';
import { StoreRoom } from './store-room.ts';

/** How often the rings are emptied, ms: when little comes; and when much does, while it still is in the caches. */
const QUIET_MS = 50;
const BUSY_MS = 10;
/** From so many records on it is much. */
const MANY = 64;
const FIGURES_MS = 1000;

/** The thread of all that touches a disk. What goes wrong here is told and counted; the program goes on. */
const say = (message: FromStore): void => parentPort?.postMessage(message);
const room = new StoreRoom(say);

async function answer({ id, name, args }: Extract<ToStore, { type: 'call' }>): Promise<void> {
	try {
		say({ type: 'answer', id, value: await room.call(name, args) });
	} catch (error) {
		const code = error instanceof BallastError ? error.code : 'command_failed';
		say({ type: 'failed', id, code, message: error instanceof Error ? error.message : String(error) });
	}
}

function guarded(work: () => void): void {
	try {
		work();
	} catch (error) {
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		say({ type: 'told', level: 'error', text: `the store failed: ${text}` });
	}
}

let drain: NodeJS.Timeout;
function drainAgain(afterMs: number): void {
	drain = setTimeout(() => {
		let records = 0;
		guarded(() => {
			records = room.drain();
		});
		drainAgain(records >= MANY ? BUSY_MS : QUIET_MS);
	}, afterMs);
}
drainAgain(QUIET_MS);
const figures = setInterval(() => guarded(() => room.everySecond()), FIGURES_MS);

parentPort?.on('message', (message: ToStore) => {
	if (message.type === 'call') void answer(message);
	else if (message.type === 'close') {
		clearTimeout(drain);
		clearInterval(figures);
		guarded(() => room.close());
		parentPort?.close();
	} else guarded(() => room.take(message));
});
