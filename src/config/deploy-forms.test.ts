import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_DEPLOY } from '../deploy/config.ts';
import { serviceOf, warningsOf } from './testing/load-text.ts';

const RUN = 'instances: { run: node server.js }';
const deployOf = async (deploy: string, defaults = '') =>
	(await serviceOf(`${defaults}\nservices: { api: { ${RUN}, deploy: ${deploy} } }\n`)).deploy;

test('a list is its steps; everything else is as usual', async () => {
	assert.deepEqual(await deployOf('[0.5%, 10%]'), { ...DEFAULT_DEPLOY, steps: [0.005, 0.1] });
	assert.deepEqual(await deployOf('{}'), DEFAULT_DEPLOY);
});

test('each key', async () => {
	const long =
		'{ steps: [1%, 20%], every: 10s, requests: 50, errors: 0%, latency: off, mirror: 25%, instances: 3, giveUp: 5m }';
	assert.deepEqual(await deployOf(long), {
		steps: [0.01, 0.2],
		everyMs: 10_000,
		requests: 50,
		errors: 0,
		latency: null,
		by: { kind: 'weight' },
		mirror: 0.25,
		instances: 3,
		giveUpMs: 300_000,
	});
	assert.deepEqual((await deployOf('{ by: header:X-Canary }')).by, { kind: 'header', name: 'x-canary' });
	assert.deepEqual((await deployOf('{ by: cookie:Canary, mirror: off }')).by, { kind: 'cookie', name: 'Canary' });
	assert.equal((await deployOf('{ latency: 3 }')).latency, 3);
});

test('a service says more than `defaults`, key by key; steps that are inherited mean nothing to marked requests', async () => {
	const defaults = 'defaults: { deploy: { steps: [2%], requests: 77, errors: 3% } }';
	const { steps, requests, errors } = await deployOf('{ errors: 2% }', defaults);
	assert.deepEqual([steps, requests, errors], [[0.02], 77, 0.02]);
	assert.deepEqual((await deployOf('{ by: header:x }', defaults)).by, { kind: 'header', name: 'x' });
	const marked = 'defaults: { deploy: { by: cookie:beta } }';
	assert.deepEqual((await deployOf('{ errors: 2% }', marked)).by, { kind: 'cookie', name: 'beta' });
	assert.deepEqual((await deployOf('[1%]', marked)).by, { kind: 'weight' });
});

test('the time to give up grows with a long step', async () => {
	assert.equal((await deployOf('{ every: 1h }')).giveUpMs, 36_000_000);
	assert.equal((await deployOf('{ every: 1m }')).giveUpMs, 3_600_000);
});

test('where Ballast does not run the instances it has no effect, and says so', async () => {
	const said = await warningsOf('services: { api: { instances: http://h:1, deploy: [1%] } }\n');
	assert.match(said, /this has no effect: `ballast deploy` is for instances of `run`, not of `urls`/);
	const inherited = 'defaults: { deploy: [1%] }\nservices: { api: { instances: http://h:1 } }\n';
	assert.equal(await warningsOf(inherited), '');
});
