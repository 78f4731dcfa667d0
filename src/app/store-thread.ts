import { parentPort } from 'node:worker_threads';
import { BallastError } from '../core/errors.ts';
import type { FromStore, ToStore } from './store-messages.ts';
import { StoreRoom } from './store-room.ts';

/** How often the rings are emptied, ms: at 40,000 requests a second and worker a ring holds a third of a second. */
const DRAIN_MS = 50;
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

const drain = setInterval(() => guarded(() => room.drain()), DRAIN_MS);
const figures = setInterval(() => guarded(() => room.everySecond()), FIGURES_MS);

parentPort?.on('message', (message: ToStore) => {
	if (message.type === 'call') void answer(message);
	else if (message.type === 'close') {
		clearInterval(drain);
		clearInterval(figures);
		guarded(() => room.close());
		parentPort?.close();
	} else guarded(() => room.take(message));
});
