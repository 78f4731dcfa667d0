import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, get, statusOf, suite } from '../support/suite.ts';

/** An expression that takes twice as long for each letter more: what an operator's own configuration can do to a worker. */
const SLOW = '^/slow/(a+)+$';
const slowPath = (letters: number): string => `/slow/${'a'.repeat(letters)}!`;

/** Letters for which it takes at least so many ms here. */
function lettersFor(ms: number): number {
	const expression = new RegExp(SLOW, 'u');
	for (let letters = 16; ; letters++) {
		let best = Number.POSITIVE_INFINITY;
		for (let i = 0; i < 3; i++) {
			const since = performance.now();
			expression.test(slowPath(letters));
			best = Math.min(best, performance.now() - since);
		}
		if (best >= ms) return letters;
	}
}

describe('a worker that has too much to do', () => {
	const it = suite(({ url }) => ({
		limits: { overload: { lag: '100ms' } },
		services: {
			app: {
				instances: [url],
				health: { interval: '1h' },
				routes: {
					'/slow/*': { rewrite: { from: SLOW, to: '/x' }, priority: 'high' },
					'/high': { priority: 'high' },
					'/low': { priority: 'low' },
					'/fixed': { respond: 'here', priority: 'low' },
					'/moved': { redirect: '/fixed', priority: 'low' },
				},
			},
		},
	}));
	// Longer than the lag that is configured: however many come in one turn of the loop, that turn is late.
	const letters = lettersFor(130);
	const shedOf = async (): Promise<Record<string, number>> => {
		const routes = (await statusOf(it.ballast)).services[0]?.routes ?? [];
		return Object.fromEntries(routes.map(({ name, counts }) => [name, counts.shed]));
	};
	const statusOfLow = async (): Promise<number> => (await it.ask(get('/low'))).status;

	test('one stall, and a process that was stopped and goes on, refuse nothing', async () => {
		const stalling = await it.client();
		for (let i = 0; i < 3; i++) {
			// Expressions are compiled only once they have run a little, and are far slower before.
			stalling.send(get(slowPath(10)));
			assert.equal((await stalling.answer()).status, 200);
		}
		stalling.send(get(slowPath(letters + 1)));
		assert.equal((await stalling.answer({ withinMs: 30_000 })).status, 200);
		assert.equal(await statusOfLow(), 200);
		const { core } = await statusOf(it.ballast);
		process.kill(core.pid, 'SIGSTOP');
		await sleep(2500);
		process.kill(core.pid, 'SIGCONT');
		for (let i = 0; i < 10; i++) assert.equal(await statusOfLow(), 200);
		for (const shed of Object.values(await shedOf())) assert.equal(shed, 0);
	});

	test('low priority is refused first, fixed answers never; once it is in time again nothing is', async () => {
		let going = true;
		const loop = async () => {
			const client = await it.client();
			while (going) {
				client.send(get(slowPath(letters)));
				await client.answer({ withinMs: 60_000 });
			}
		};
		// Their end is of interest only where nothing else went wrong.
		const busy = Promise.allSettled(Array.from({ length: 3 }, loop));
		const probe = async (path: string) => {
			const client = await it.client();
			client.send(get(path));
			return client.answer({ withinMs: 60_000 });
		};
		let refused = await probe('/low');
		const until = performance.now() + 60_000;
		while (refused.status !== 503 && performance.now() < until) refused = await probe('/low');
		assert.equal(refused.status, 503);
		assert.equal(refused.json<{ code: string }>().code, 'node_overloaded');
		assert.match(refused.field('retry-after') ?? '', /^[123]$/);
		assert.match(refused.field('proxy-status') ?? '', /details="node_overloaded"/);
		assert.equal((await probe('/fixed')).text, 'here');
		assert.equal((await probe('/moved')).status, 302);
		for (let i = 0; i < 3; i++) await Promise.all(['/low', '/', '/high'].map(probe));
		// With the slow ones refused too it is in time again, for a while.
		await eventually(
			async () => (await statusOf(it.ballast)).workers[0]?.sheds,
			(sheds) => sheds !== 'nothing',
			60_000,
		);
		going = false;
		for (const { status } of await busy) assert.equal(status, 'fulfilled');
		await eventually(statusOfLow, (status) => status === 200, 10_000);
		const shed = await shedOf();
		assert.ok((shed['/low'] ?? 0) > 0);
		assert.ok(
			(shed['/low'] ?? 0) >= (shed['*'] ?? 0) && (shed['*'] ?? 0) >= (shed['/high'] ?? 0),
			JSON.stringify(shed),
		);
		assert.ok((shed['/high'] ?? 0) < (shed['/low'] ?? 0), JSON.stringify(shed));
		assert.equal(shed['/fixed'], 0);
		await it.ballast.printed(/ballast +warn: sheds requests: worker 0 is \d+ ms late, its heap \d+ % full\n/);
		assert.equal((await statusOf(it.ballast)).workers[0]?.sheds, 'nothing');
		await it.ballast.printed(/ballast +sheds no more: \d+ (?:was|were) refused within [\d.]+ s\n/, {
			withinMs: 20_000,
		});
	});
});
