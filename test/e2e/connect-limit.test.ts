import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Blackhole, openBlackhole } from '../support/blackhole.ts';
import { connections, eventually, get, inFlight, post, suite, TRANSPORTS } from '../support/suite.ts';

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`an instance that cannot be connected to, over the ${transport}`, () => {
		let hole: Blackhole;
		before(async () => {
			hole = await openBlackhole();
		});
		const it = suite(
			({ url }) => {
				const nowhere = `http://127.0.0.1:${hole.port}`;
				const rest = { timeouts: { connect: '400ms' }, health: { interval: '1h' } };
				return {
					services: {
						hole: { match: '/hole/*', instances: [nowhere], ...rest },
						// The same, but nothing has failed there yet: a failure has it probed at once.
						left: { match: '/left/*', instances: [nowhere], ...rest },
						both: { match: '/both/*', instances: [nowhere, url], balance: 'round-robin', ...rest },
					},
				};
			},
			{ env },
		);
		before(() => hole.close());
		after(() => hole.remove());

		test('504 when its time is over', async () => {
			for (const request of [get('/hole/x'), post('/hole/x', 'body')]) {
				const started = performance.now();
				const answer = await it.ask(request);
				const took = performance.now() - started;
				assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [504, 'connect_timeout']);
				assert.equal(answer.field('proxy-status'), 'ballast; error=connection_timeout; details="connect_timeout"');
				assert.ok(took > 380 && took < 800, `${took.toFixed(0)} ms`);
			}
			assert.equal(await inFlight(it.ballast), 0);
		});

		test('another instance is asked instead, by any method, with the body whole', async () => {
			for (let i = 0; i < 2; i++) {
				assert.equal((await it.ask(get('/both/x'))).status, 200);
				const body = `${i}`.repeat(100_000);
				assert.equal((await it.ask(post('/both/x', body))).json<{ body: string }>().body, body);
			}
		});

		test('a client that leaves meanwhile leaves nothing', async () => {
			for (const request of [get('/left/x'), post('/left/x', 'body'), get('/left/x', 'Connection: close')]) {
				const client = await it.client();
				client.send(request);
				await eventually(
					() => inFlight(it.ballast),
					(count) => count === 1,
				);
				client.reset();
				await eventually(
					() => inFlight(it.ballast),
					(count) => count === 0,
					1000,
				);
				await eventually(
					() => connections(it.ballast),
					(count) => count === 0,
					1000,
				);
			}
		});
	});
}
