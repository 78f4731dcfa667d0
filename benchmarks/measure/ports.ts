/** Free loopback ports, and waiting until something answers on one. */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './command.ts';

/** `count` different ports that nothing listens on at this moment. */
export async function freePorts(count: number): Promise<number[]> {
	const servers = await Promise.all(
		Array.from({ length: count }, () => {
			const server = createServer();
			return new Promise<typeof server>((resolve, reject) => {
				server.once('error', reject);
				server.listen(0, '127.0.0.1', () => resolve(server));
			});
		}),
	);
	const ports = servers.map((server) => (server.address() as { port: number }).port);
	await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
	return ports;
}

/** Waits until `url` answers 200. Throws with what the program printed when it ended or does not answer within `waitMs`. */
export async function waitFor200(url: string, program: Program, waitMs = 10_000): Promise<void> {
	const end = performance.now() + waitMs;
	let last = 'no answer';
	while (performance.now() < end) {
		if (program.exitCode() !== undefined) {
			throw new Error(`ended with code ${program.exitCode()} at its start: ${lastLines(program.output())}`);
		}
		try {
			const answer = await fetch(url, { signal: AbortSignal.timeout(2000), headers: { connection: 'close' } });
			await answer.arrayBuffer();
			if (answer.status === 200) return;
			last = `status ${answer.status}`;
		} catch (error) {
			last = error instanceof Error ? `${error.message} ${error.cause ?? ''}` : String(error);
		}
		await sleep(20);
	}
	throw new Error(`${url} gave no 200 within ${waitMs} ms (${last}): ${lastLines(program.output())}`);
}

function lastLines(text: string): string {
	return text === '' ? 'it printed nothing' : text.split('\n').slice(-5).join(' | ');
}
