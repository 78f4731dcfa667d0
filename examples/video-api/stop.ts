import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { OpenContext } from './context.ts';

const secondSignalMs = 500;
const lastWordsMs = 500;
const sweepMs = 250;

/**
 * On SIGTERM or SIGINT: is no longer healthy, ends its streams, accepts for a moment more, finishes what runs, closes
 * the database and exits with 0. When that takes too long it cuts off what is left and exits with 1, as it does at
 * once on a second signal (one within 500 ms is taken for an echo of the first: npm passes Ctrl-C on a second time).
 */
export function stopOnSignal(app: FastifyInstance, open: OpenContext): void {
	let stoppingSince: number | undefined;
	const onSignal = (signal: string) => {
		if (stoppingSince === undefined) {
			stoppingSince = Date.now();
			app.log.info({ signal }, 'stopping');
			void stop(app, open).then((code) => process.exit(code));
		} else if (Date.now() - stoppingSince > secondSignalMs) {
			process.exit(1);
		}
	};
	process.on('SIGTERM', onSignal);
	process.on('SIGINT', onSignal);
}

async function stop(app: FastifyInstance, open: OpenContext): Promise<number> {
	const { shutdownDelayMs, shutdownTimeoutMs } = open.context.config;
	open.stop();
	const late = setTimeout(() => void giveUp(app, open), shutdownTimeoutMs);
	await sleep(Math.min(shutdownDelayMs, shutdownTimeoutMs));
	// Long answers that began before have left their connections open for more.
	const sweep = setInterval(() => app.server.closeIdleConnections(), sweepMs);
	await app.close();
	clearInterval(sweep);
	clearTimeout(late);
	const inTime = !open.context.cutOff.aborted;
	app.log.info({ inTime }, 'stopped');
	open.close();
	return inTime ? 0 : 1;
}

/** Lets the running renders answer that they were broken off, and ends the connections that are still there then. */
async function giveUp(app: FastifyInstance, open: OpenContext): Promise<void> {
	open.cutOff();
	await sleep(lastWordsMs);
	app.server.closeAllConnections();
}
