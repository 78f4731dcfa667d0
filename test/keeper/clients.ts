/** Clients that ask in a loop, over plain sockets, and count what fails. */
import net from 'node:net';
import type { TestContext } from 'node:test';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

export class Clients {
	answered = 0;
	readonly failures: string[] = [];
	/** Longest wait for an answer, ms. */
	slowestMs = 0;
	/** Generations of the cores that answered. */
	readonly generations = new Set<string>();
	readonly #port: number;
	#running = true;
	readonly #loops: Promise<void>[] = [];

	/** `fresh`: clients with a new connection for each request; `kept`: clients that keep theirs. */
	constructor(t: TestContext, port: number, { fresh, kept }: { fresh: number; kept: number }) {
		this.#port = port;
		t.after(() => this.stop());
		for (let index = 0; index < fresh + kept; index++) this.#loops.push(this.#loop(index >= fresh));
	}

	async stop(): Promise<void> {
		this.#running = false;
		await Promise.all(this.#loops);
	}

	async #loop(keeps: boolean): Promise<void> {
		let kept: net.Socket | undefined;
		while (this.#running) {
			const startedAt = performance.now();
			const socket = kept ?? net.connect(this.#port, '127.0.0.1');
			try {
				const head = await ask(socket);
				this.answered++;
				this.generations.add(head.slice(head.lastIndexOf('\n') + 1));
				kept = keeps && !head.includes('Connection: close') ? socket : undefined;
			} catch (error) {
				this.failures.push((error as Error).message);
				kept = undefined;
			}
			if (kept === undefined) socket.destroy();
			this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
		}
		kept?.destroy();
	}
}

/** One request and its answer, the body included. */
function ask(socket: net.Socket, request = REQUEST): Promise<string> {
	return new Promise((resolve, reject) => {
		let text = '';
		const finish = (error: Error | null) => {
			socket.off('data', read).off('error', finish).off('close', closed);
			if (error) reject(error);
			else resolve(text);
		};
		const closed = () => finish(new Error('closed before the answer'));
		const read = (chunk: Buffer) => {
			text += chunk;
			if (/\r\n\r\n./s.test(text)) finish(null);
		};
		socket.on('data', read).on('error', finish).on('close', closed);
		socket.write(request);
	});
}

/** One request over a connection of its own. */
export async function askOnce(port: number, host = '127.0.0.1', request = REQUEST): Promise<string> {
	const socket = net.connect(port, host);
	try {
		return await ask(socket, request);
	} finally {
		socket.destroy();
	}
}
