/** Requests to instances of an Auto Scaling group: Ballast as it runs, the fake of AWS, real servers behind its addresses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeAws } from '../fakes/aws/fake-aws.ts';
import { awsConfig, writeCredentials } from '../fakes/aws/testing-aws.ts';
import { startBallast } from '../support/ballast.ts';
import { Load } from '../support/load.ts';
import { eventually, get, statusOf } from '../support/suite.ts';

test('requests go to the members of the group; one that AWS ends is drained in its hook without a lost request', async (it) => {
	const fake = await new FakeAws({ startMs: 5, endMs: 5 }).start();
	const folder = mkdtempSync(join(tmpdir(), 'ballast-aws-'));
	writeCredentials(folder, fake.keys);
	// 127.0.1.1, 127.0.1.2 … are one server, on the port that all instances of the group listen on.
	const server = createServer((request, response) => {
		setTimeout(() => response.end(String(request.socket.localAddress)), 20);
	});
	server.listen(0, '0.0.0.0');
	await once(server, 'listening');
	fake.cloud.addresses = '127.0.1.';
	const group = fake.cloud.addGroup({ name: 'api', desired: 3 });
	fake.cloud.state.hooks.push({
		AutoScalingGroupName: 'api',
		LifecycleHookName: 'drain',
		LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
		HeartbeatTimeout: 600,
	});
	const { region, profile } = awsConfig(fake.url);
	const port = (server.address() as AddressInfo).port;
	const instances = { aws: 'api', region, profile, port, endpoint: fake.url, lifecycleHook: 'drain' };
	const ballast = await startBallast(
		{ stop: '2s', services: { api: { instances, scale: { min: 1, max: 5, perInstance: { inFlight: 1000 } } } } },
		{ env: { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'), AWS_CONFIG_FILE: join(folder, 'config') } },
	);
	let load: Load | undefined;
	it.after(async () => {
		await load?.stop();
		await ballast.stop();
		await fake.close();
		server.closeAllConnections();
		server.close();
		rmSync(folder, { recursive: true, force: true });
	});
	const ready = async () => (await statusOf(ballast)).services[0]?.instances.filter(({ state }) => state === 'ready');
	await eventually(ready, (found) => found?.length === 3, 20_000);
	assert.equal(group.desired, 3, 'the size that the group has is kept');
	load = new Load({ port: ballast.port, clients: 6, request: () => get('/') });
	await eventually(
		() => load?.answered ?? 0,
		(count) => count > 100,
		10_000,
	);
	group.desired = 2;
	await eventually(
		() => fake.cloud.membersOf('api').length,
		(count) => count === 2,
		20_000,
	);
	await load.stop();
	assert.deepEqual(load.failures, []);
	assert.deepEqual([...load.byBody.keys()].sort(), ['127.0.1.1', '127.0.1.2', '127.0.1.3']);
	assert.equal(fake.count('autoscaling:CompleteLifecycleAction'), 1);
	assert.deepEqual(fake.violations, []);
});
