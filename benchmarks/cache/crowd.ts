/** So many clients at once for one key that is not there, or not fresh any more: how often is its origin asked? */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BALLAST_BIN, ballastEnvironment, writeConfiguration } from '../peers/ballast.ts';
import { startPeer } from '../peers/starting.ts';
import { type Bench, BOTH_CORES } from '../scenarios/scenario.ts';
import type { Line } from '../stability/verdict.ts';

const CLIENTS = 1000;
const WORKERS = 2;
/** How long an answer is fresh, and how long the origin thinks: all clients have asked by then. */
const FRESH_SECONDS = 1;
const THINKS_MS = 500;
const ANSWER_MS = 20_000;
const BODY = 'x'.repeat(4096);

/** Counts the requests for each path. */
class CountingOrigin {
	readonly asked = new Map<string, number>();
	readonly #server: Server;

	constructor() {
		this.#server = createServer(({ url = '' }, response) => {
			this.asked.set(url, (this.asked.get(url) ?? 0) + 1);
			const answer = (): void =>
				void response
					.writeHead(200, { 'cache-control': `max-age=${FRESH_SECONDS}`, 'content-length': BODY.length })
					.end(BODY);
			if (url === '/json') answer();
			else setTimeout(answer, THINKS_MS);
		});
	}

	async listen(): Promise<number> {
		this.#server.listen(0, '127.0.0.1');
		await once(this.#server, 'listening');
		return (this.#server.address() as AddressInfo).port;
	}

	close(): void {
		this.#server.close();
		this.#server.closeAllConnections();
	}
}

/** One client that is connected and asks once for each path. */
class Client {
	readonly #socket: Socket;
	#got = '';
	#whole: (() => void) | null = null;

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.setEncoding('latin1');
		socket.on('data', (text: string) => {
			this.#got += text;
			if (this.#got.endsWith(BODY)) this.#whole?.();
		});
		socket.on('error', () => {});
	}

	static async to(port: number): Promise<Client> {
		const socket = connect(port, '127.0.0.1');
		await once(socket, 'connect');
		return new Client(socket);
	}

	/** Whether it got a whole answer of 200. */
	async ask(path: string): Promise<boolean> {
		this.#got = '';
		const whole = new Promise<void>((resolve) => (this.#whole = resolve));
		this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: api.example.com\r\n\r\n`);
		await Promise.race([whole, sleep(ANSWER_MS, undefined, { ref: false })]);
		return this.#got.startsWith('HTTP/1.1 200 ') && this.#got.endsWith(BODY);
	}

	destroy(): void {
		this.#socket.destroy();
	}
}

/** On two workers: what one of them asks for, the clients of the other wait for too. */
export async function crowd(bench: Bench, rounds: number): Promise<readonly Line[]> {
	const origin = new CountingOrigin();
	const folder = join(bench.folder, 'crowd');
	const upstreams = [await origin.listen()];
	const setup = { folder, upstreams, cores: BOTH_CORES, workers: WORKERS };
	const running = await startPeer(setup, async (port) => {
		const api = { instances: { urls: [`http://127.0.0.1:${upstreams[0]}`] }, cache: {} };
		const path = await writeConfiguration(setup, port, api);
		return { argv: [process.execPath, BALLAST_BIN, 'up', path], cwd: folder, env: ballastEnvironment(folder) };
	});
	const clients: Client[] = [];
	try {
		for (let i = 0; i < CLIENTS; i++) clients.push(await Client.to(running.port));
		let [cold, expired, failed] = [0, 0, 0];
		const all = async (path: string): Promise<number> => {
			const before = origin.asked.get(path) ?? 0;
			const whole = await Promise.all(clients.map((client) => client.ask(path)));
			failed += whole.filter((got) => !got).length;
			return (origin.asked.get(path) ?? 0) - before;
		};
		for (let round = 0; round < rounds; round++) {
			bench.say(`crowd: round ${round + 1} of ${rounds}`);
			cold = Math.max(cold, await all(`/hot/${round}`));
			await sleep(FRESH_SECONDS * 1000 + 300);
			expired = Math.max(expired, await all(`/hot/${round}`));
		}
		const line = (what: string, key: string, measured: number, most: number): Line => ({
			figure: `${CLIENTS} clients at once, ${WORKERS} workers, ${what}`,
			key,
			measured,
			most,
		});
		return [
			line('a key that expired: requests to the origin', 'crowd_expired', expired, 1),
			line('a key that was never there: requests to the origin', 'crowd_cold', cold, 1),
			line('answers that failed', 'crowd_failed', failed, 0),
		];
	} finally {
		for (const client of clients) client.destroy();
		await running.stop();
		origin.close();
	}
}
