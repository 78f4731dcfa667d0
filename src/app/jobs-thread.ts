import { parentPort, workerData } from 'node:worker_threads';
import { BallastError } from '../core/errors.ts';
import type { FromJobsThread, JobsStart, ToJobsThread } from './jobs-messages.ts';
import { JobsRoom } from './jobs-room.ts';

const FIGURES_MS = 1000;
const SWEEP_MS = 1000;
/** A look that is under way for so long has found a store that does not answer, s. */
const LATE_S = 2;

/** The thread that keeps jobs and has them carried out. What goes wrong here is told; the program goes on. */
const say = (message: FromJobsThread): void => parentPort?.postMessage(message);
const room = await JobsRoom.open(workerData as JobsStart, say);

function guarded(work: Promise<unknown>): void {
	work.catch((error: unknown) => {
		// What the store cannot do it has told by itself.
		if (error instanceof BallastError) return;
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		say({ type: 'told', level: 'error', kind: '', subject: 'jobs', text });
	});
}

let lookingS = 0;
async function look(): Promise<void> {
	if (lookingS++ === 0) await room.everySecond().finally(() => (lookingS = 0));
	else if (lookingS > LATE_S) room.late();
}

const figures = setInterval(() => guarded(look()), FIGURES_MS);
const sweep = setInterval(() => guarded(room.sweep()), SWEEP_MS);

async function answer({ id, name, args }: Extract<ToJobsThread, { type: 'call' }>): Promise<void> {
	try {
		say({ type: 'answer', id, value: await room.call(name, args) });
	} catch (error) {
		const code = error instanceof BallastError ? error.code : 'internal';
		say({ type: 'failed', id, code, message: error instanceof Error ? error.message : String(error) });
	}
}

async function close(): Promise<void> {
	clearInterval(figures);
	clearInterval(sweep);
	await room.close();
	process.exit(0);
}

parentPort?.on('message', (message: ToJobsThread) => {
	switch (message.type) {
		case 'worker':
			room.connect(message.worker, message.port);
			break;
		case 'configure':
			room.configure(message.settings);
			break;
		case 'call':
			void answer(message);
			break;
		case 'rest':
			guarded(room.rest(message.ms).then(() => say({ type: 'rested' })));
			break;
		case 'close':
			guarded(close());
	}
});
say({ type: 'up' });
