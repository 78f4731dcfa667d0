import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RawClient } from '../support/raw-client.ts';
import { eventually, get, statusOf, suite } from '../support/suite.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const WORK_MS = 30;
/** For a busy machine. */
const WITHIN_MS = 45_000;

/** An instance that works on so many requests at once; the others wait their turn. */
class Capacity {
	slots: number;
	#busy = 0;
	readonly #waiting: RawClient[] = [];

	constructor(slots: number) {
		this.slots = slots;
	}

	serve(peer: RawClient): void {
		this.#waiting.push(peer);
		this.#next();
	}

	#next(): void {
		while (this.#busy < this.slots) {
			const peer = this.#waiting.shift();
			if (peer === undefined) return;
			this.#busy++;
			setTimeout(() => {
				this.#busy--;
				peer.send(OK);
				this.#next();
			}, WORK_MS);
		}
	}
}

describe('an adaptive limit', () => {
	const it = suite(({ url }) => ({
		workers: 2,
		services: {
			app: {
				instances: [url],
				concurrency: { limit: 'adaptive', min: 2, max: 400 },
				upstream: { connections: 400 },
				health: { interval: '1h' },
			},
		},
	}));
	const concurrency = async () => (await statusOf(it.ballast)).services[0]?.concurrency ?? { limit: 0, inFlight: 0 };

	/** Clients that ask on and on until they are stopped; refused ones come again a little later. */
	async function clients(count: number): Promise<{ stop(): Promise<void>; answered(): number; refused(): number }> {
		let going = true;
		let [answered, refused] = [0, 0];
		const loop = async () => {
			const client = await it.client();
			while (going) {
				client.send(get('/work'));
				const { status } = await client.answer({ withinMs: 30_000 });
				if (status === 200) answered++;
				else refused++;
				client.forget();
				if (status === 503) await new Promise((resolve) => setTimeout(resolve, 50));
			}
		};
		const loops = Array.from({ length: count }, loop);
		return {
			async stop() {
				going = false;
				await Promise.all(loops);
			},
			answered: () => answered,
			refused: () => refused,
		};
	}

	test('stays while little is asked, falls to what the instance can do, follows it down and up again', async () => {
		const capacity = new Capacity(16);
		it.upstream.on('/work', (_, peer) => capacity.serve(peer));
		const few = await clients(6);
		await eventually(
			() => few.answered(),
			(count) => count > 400,
			WITHIN_MS,
		);
		assert.equal((await concurrency()).limit, 100);
		assert.equal(few.refused(), 0);
		const many = await clients(150);
		await eventually(concurrency, ({ limit }) => limit < 60, WITHIN_MS);
		capacity.slots = 2;
		await eventually(concurrency, ({ limit }) => limit <= 12, WITHIN_MS);
		const before = many.answered();
		await eventually(
			() => many.answered(),
			(count) => count > before + 50,
			WITHIN_MS,
		);
		capacity.slots = 16;
		await eventually(concurrency, ({ limit }) => limit >= 16, WITHIN_MS);
		await many.stop();
		await few.stop();
		await eventually(concurrency, ({ inFlight }) => inFlight === 0);
		assert.ok(many.refused() > 0);
		await it.ballast.printed(/app +warn: sheds requests: \d+ in flight of at most \d+\n/);
		assert.equal((await statusOf(it.ballast)).services[0]?.counts.shed, many.refused() + few.refused());
	});
});
