import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../config/config.ts';
import { DEFAULT_DEPLOY } from '../deploy/config.ts';
import type { RunConfig } from '../instances/config.ts';
import { Deployments } from './deployments.ts';
import { config as configOf, run, service } from './fleet-testing.ts';

const v1 = run({ command: ['node', 'v1.js'] });
const v2 = run({ command: ['node', 'v2.js'] });
const configured = (instances: RunConfig): Config => configOf(service('app', instances), service('other', v1));
const app = (config: Config) => config.services[0] as Config['services'][number];
const poolsOf = (config: Config) =>
	app(config).pools.map(({ name, instances }) => [name, (instances as RunConfig).command.at(-1)]);

/** With a release of `v2` under way. */
function releasing(byHand: boolean): Deployments {
	const deployments = new Deployments();
	deployments.begin(app(configured(v1)), { instances: v2, deploy: DEFAULT_DEPLOY, byHand });
	return deployments;
}

test('a release is a second pool of its service, and of no other; dropped, all is as before', () => {
	const config = configured(v1);
	assert.equal(new Deployments().effective(config).services[0], config.services[0]);
	const deployments = releasing(false);
	assert.deepEqual(poolsOf(deployments.effective(config)), [
		['main', 'v1.js'],
		['next', 'v2.js'],
	]);
	assert.equal(deployments.effective(config).services[1], config.services[1]);
	deployments.drop('app');
	assert.deepEqual(deployments.effective(config), config);
});

test('promoted: its pool is the only one, and the configuration says so; names take turns', () => {
	const deployments = releasing(false);
	const config = deployments.promote(configured(v1), 'app');
	assert.deepEqual(config, configured(v2));
	assert.deepEqual(poolsOf(deployments.effective(config)), [['next', 'v2.js']]);
	assert.equal(deployments.poolOf(app(config)), 'next');
	const { pool } = deployments.begin(app(config), { instances: v1, deploy: DEFAULT_DEPLOY, byHand: false });
	assert.equal(pool, 'main');
	assert.deepEqual(poolsOf(deployments.effective(config)), [
		['next', 'v2.js'],
		['main', 'v1.js'],
	]);
});

test('a command that was deployed by hand holds until the instances change in the configuration', () => {
	const deployments = releasing(true);
	const config = deployments.promote(configured(v1), 'app');
	assert.deepEqual(config, configured(v1), 'the file still says the old one');
	assert.deepEqual(poolsOf(deployments.effective(config)), [['next', 'v2.js']]);
	assert.deepEqual(deployments.commandOf('app'), ['node', 'v2.js']);
	assert.deepEqual(deployments.settle(config), []);
	const changed = configured(run({ command: ['node', 'v1.js'], graceMs: 5 }));
	assert.match(
		deployments.settle(changed)[0] ?? '',
		/^app: .*`node v2\.js`, which was deployed by hand, no longer holds$/,
	);
	assert.deepEqual(poolsOf(deployments.effective(changed)), [['next', 'v1.js']]);
	deployments.settle(configOf(service('other', v1)));
	assert.deepEqual(poolsOf(deployments.effective(changed)), [['main', 'v1.js']], 'a service that was gone begins anew');
});

test('a new configuration meanwhile: what is rolled out is withheld, something else refused', () => {
	const deployments = releasing(false);
	const before = configured(v1);
	for (const next of [configured(v1), configured(v2)]) {
		const { config, refused } = deployments.withhold(before, next);
		assert.deepEqual([config, refused], [before, '']);
	}
	const third = configured(run({ command: ['node', 'v3.js'] }));
	const gone = configOf(service('other', v1));
	for (const next of [third, gone])
		assert.match(deployments.withhold(before, next).refused, /^app is being rolled out/);
	assert.match(releasing(true).withhold(before, configured(v2)).refused, /^app is being rolled out/);
});

test('the core that follows: an unfinished release does not come in with the file that it reads', () => {
	const left = { deployments: JSON.parse(JSON.stringify(releasing(false).snapshot())), config: configured(v1) };
	const next = new Deployments();
	assert.deepEqual(next.takeOver(left, configured(v2)), configured(v1));
	assert.deepEqual(next.releasing, ['app']);
	assert.deepEqual(next.release('app')?.instances, v2);
	const third = configured(run({ command: ['node', 'v3.js'] }));
	assert.deepEqual(new Deployments().takeOver(left, third), third, 'what was written since is what is wanted');
	assert.deepEqual(new Deployments().takeOver({ deployments: undefined, config: configured(v1) }, third), third);
});

test('a standing command goes over to the core that follows', () => {
	const deployments = releasing(true);
	const config = deployments.promote(configured(v1), 'app');
	const left = { deployments: JSON.parse(JSON.stringify(deployments.snapshot())), config };
	const next = new Deployments();
	assert.deepEqual(next.takeOver(left, configured(v1)), configured(v1));
	assert.deepEqual(poolsOf(next.effective(configured(v1))), [['next', 'v2.js']]);
});

test('services with several pools, or with none, are left alone', () => {
	const several = configOf({
		...service('app', v1),
		pools: [...service('app', v1).pools, ...service('app', v2).pools],
	});
	const deployments = releasing(false);
	assert.equal(deployments.effective(several).services[0], several.services[0]);
});
