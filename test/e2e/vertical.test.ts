/** What instances are given: recommended and given, on this machine, in a cluster and by commands. Side by side. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openDatabase } from '../../src/core/database.ts';
import { PoolUsage } from '../../src/scaling/vertical/size-advice.ts';
import { STATE_STEPS, StateTable } from '../../src/store/state-table.ts';
import { KubePlatformFake } from '../fakes/kubernetes/kube-platform-fake.ts';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { command } from '../support/command.ts';
import { pidsOf } from '../support/sizes.ts';
import { eventually } from '../support/suite.ts';

const MIB = 2 ** 20;
/** Usage is looked at each 10 s, and read from a platform each 15 s. */
const SOON_MS = 45_000;

const API_JS = `
const options = JSON.stringify({ options: process.env.NODE_OPTIONS ?? '' });
require('node:http').createServer((_, response) => response.end(options)).listen(process.env.PORT, '127.0.0.1');
`;

/** One member, whose size is a file. */
const GROUP_JS = `
const fs = require('node:fs');
const [file, port, action] = process.argv.slice(2);
const asked = JSON.parse(fs.readFileSync(0, 'utf8'));
const print = (value) => console.log(JSON.stringify(value));
if (action === 'list') print({ desired: 1, members: [{ id: 'a', host: '127.0.0.1', port: Number(port) }] });
if (action === 'usage')
	print({ members: { a: { cores: 0.2, memoryBytes: 104857600, given: JSON.parse(fs.readFileSync(file, 'utf8')) } } });
if (action === 'size') {
	fs.writeFileSync(file, JSON.stringify({ cpu: asked.cpu, memoryBytes: asked.memoryBytes }));
	print({ how: 'live' });
}
`;

/** What an earlier run of the program has learned in two hours. */
function learned(cores: number, memory: number): object {
	const usage = new PoolUsage();
	for (let agoMs = 7_260_000; agoMs > 0; agoMs -= 60_000)
		usage.add('before', { cores, memoryBytes: memory * MIB }, Date.now() - agoMs);
	return usage.save();
}

interface Given {
	requests: { cpu: string; memory: string };
	limits: { memory: string };
}

class Cluster extends KubePlatformFake {
	/** Of the container `api` of each pod. */
	get given(): Given[] {
		return this.fake.controller.store
			.allNow('pods')
			.map((pod) => (pod['spec'] as { containers: { resources: Given }[] }).containers[1]?.resources as Given);
	}

	calls(what: string): number {
		return this.fake.calls.filter((call) => call.includes(what)).length;
	}
}

describe('what instances are given', { concurrency: true }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-vertical-'));
	const sizeFile = join(folder, 'size.json');
	const clusters: Cluster[] = [];
	let ballast: Ballast;
	let server: Server;

	before(async () => {
		writeFileSync(sizeFile, JSON.stringify({ cpu: 1, memoryBytes: 1024 * MIB }));
		const database = openDatabase(join(folder, 'state.db'), STATE_STEPS);
		const known = { advised: learned(0.2, 100), commanded: learned(0.2, 100), local: learned(0.2, 100) };
		new StateTable(database).set('sizes', { ...known, applied: learned(0.8, 400) });
		database.close();
		// 127.1.0.11, 127.1.0.12 … are one server, on the port that all pods listen on.
		server = createServer((_, response) => response.end('ok')).listen(0, '0.0.0.0');
		await once(server, 'listening');
		const { port } = server.address() as AddressInfo;
		const times = { actMs: 5, startMs: 20, endMs: 20 };
		for (let at = 0; at < 4; at++) {
			const parts = { kind: 'deployment', replicas: 2, ...times, port, addresses: '127.1.' } as const;
			const cluster = await new Cluster(parts).listen();
			cluster.fake.usage.set('*', { cpu: '200m', memory: '100Mi' });
			clusters.push(cluster);
		}
		clusters[1]?.fake.usage.set('*', { cpu: '800m', memory: '400Mi' });
		const [advised, applied, starved, configured] = clusters as [Cluster, Cluster, Cluster, Cluster];
		const inCluster = ({ kubeconfig }: Cluster) => ({ kubernetes: { deployment: 'api' }, port: 'http', kubeconfig });
		const group = (action: string) => [process.execPath, 'group.js', sizeFile, String(port), action];
		const exec = {
			...{ list: group('list'), resize: group('resize'), remove: group('remove') },
			...{ usage: group('usage'), size: group('size') },
		};
		const service = (name: string, instances: object, scale: object) => [
			name,
			{ match: `/${name}`, instances, health: { path: '/', interval: '300ms' }, scale },
		];
		const bounds = { min: 1, max: 3, perInstance: { inFlight: 1000 }, cooldown: '1h' };
		const services = Object.fromEntries([
			service('advised', inCluster(advised), bounds),
			service('applied', inCluster(applied), { ...bounds, vertical: 'apply' }),
			service('starved', inCluster(starved), { mode: 'off', vertical: 'apply' }),
			service('configured', inCluster(configured), { mode: 'off', size: { cpu: 0.75, memory: '300MiB' } }),
			service('commanded', { exec }, { mode: 'off', vertical: 'apply' }),
			service(
				'local',
				{ run: 'node api.js', grace: '2s' },
				{
					...{ min: 1, max: 1, size: { cpu: 1, memory: '1GiB' } },
					vertical: 'apply',
				},
			),
		]);
		ballast = await startBallast(
			{ workers: 1, stop: '1s', store: { folder }, services },
			{ files: { 'api.js': API_JS, 'group.js': GROUP_JS } },
		);
	});

	after(async () => {
		await ballast?.stop();
		for (const cluster of clusters) await cluster.close();
		server?.closeAllConnections();
		server?.close();
		rmSync(folder, { recursive: true, force: true });
	});

	test('kubernetes: a size is recommended against what pods request, and nothing is done', async () => {
		const [advised] = clusters as [Cluster];
		const said =
			/advised +.*0\.5 cores, 256MiB → 0\.2\d cores, 1[12]\dMiB for each instance would do; `vertical: apply`/;
		await ballast.printed(said, { withinMs: SOON_MS });
		assert.match(
			await command(ballast, ['scaling']),
			/has 0\.5 cores, 256MiB; by 2 h of use an instance needs 0\.2\d cores/,
		);
		assert.equal(advised.calls('/resize'), 0);
	});

	test('kubernetes: a size is given to pods where they are, and to one that comes later', async () => {
		const applied = clusters[1] as Cluster;
		const { controller } = applied.fake;
		const { alive } = controller;
		const more = ({ requests, limits }: Given) =>
			/^9\d\dm$/.test(requests.cpu) && Number(requests.memory) > 460 * MIB && limits.memory === requests.memory;
		await eventually(
			() => applied.given,
			(given) => given.length === 2 && given.every(more),
			SOON_MS,
		);
		assert.deepEqual(controller.alive, alive, 'none was replaced');
		await ballast.printed(/applied +.*instances are given 0\.9\d cores, 4\d\dMiB, where they are/);
		controller.setReplicas(3, true);
		await eventually(
			() => applied.given,
			(given) => given.length === 3 && given.every(more),
			SOON_MS,
		);
		assert.ok(applied.calls('/resize 200') >= 3);
		assert.equal(applied.calls('PATCH /apis/apps/v1/namespaces/shop/deployments/api 200'), 0);
	});

	test('kubernetes: a pod that is OOMKilled makes all of them get more, where they are', async () => {
		const starved = clusters[2] as Cluster;
		const { alive } = starved.fake.controller;
		starved.fake.usage.set('*', { cpu: '200m', memory: '250Mi' });
		starved.fake.controller.outOfMemory(alive[0] ?? '');
		const bytes = ({ requests }: Given) => Number(requests.memory) || 0;
		await eventually(
			() => starved.given,
			(given) => given.every((one) => bytes(one) >= 1.15 * 356 * MIB && one.limits.memory === one.requests.memory),
			SOON_MS,
		);
		assert.ok(starved.given.every((one) => bytes(one) < 1.06 * 1.15 * 356 * MIB && one.requests.cpu === '500m'));
		assert.deepEqual(starved.fake.controller.alive, alive, 'none was replaced');
		assert.ok(starved.calls('/resize 200') >= 2);
		const why = /starved@\S+ was ended by its platform: it needed more than the 256MiB of memory/;
		await ballast.printed(why);
		await ballast.printed(/starved +.*instances are given 0\.5 cores, 4\d\dMiB, where they are/);
	});

	test('kubernetes: a configured size is what pods have', async () => {
		const configured = clusters[3] as Cluster;
		const wanted = { requests: { cpu: '750m', memory: String(300 * MIB) }, limits: { memory: String(300 * MIB) } };
		await eventually(
			() => configured.given,
			(given) => given.every((one) => JSON.stringify(one) === JSON.stringify(wanted)),
			SOON_MS,
		);
		await ballast.printed('instances are given 0.75 cores, 300MiB, where they are');
	});

	test('exec: the command `size` is told what is to be given', async () => {
		const size = () => JSON.parse(readFileSync(sizeFile, 'utf8')) as { cpu: number; memoryBytes: number };
		await eventually(size, ({ cpu }) => cpu < 1, SOON_MS);
		const { cpu, memoryBytes } = size();
		assert.ok(
			cpu >= 0.23 && cpu < 0.26 && memoryBytes >= 115 * MIB && memoryBytes < 125 * MIB,
			`${cpu}, ${memoryBytes}`,
		);
		await ballast.printed(/commanded +.*instances are given 0\.2\d cores, 1[12]\dMiB, where they are/);
	});

	test('run: a process of the new size takes the place of the old one', async () => {
		const heap = async () => {
			const { options } = (await (await fetch(`${ballast.url}/local`)).json()) as { options: string };
			return Number(/--max-old-space-size=(\d+)/.exec(options)?.[1]);
		};
		assert.ok((await heap()) > 0);
		await eventually(heap, (now) => now < 100, SOON_MS);
		await ballast.printed(/local +.*each instance is to be given 1 core, 1GiB → 0\.2\d cores, 1[12]\dMiB/);
		await eventually(
			() => pidsOf(ballast, 'local'),
			(pids) => pids.length === 1,
		);
	});
});
