/** The fleet with a group of a platform. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ExecConfig } from '../instances/exec/config.ts';
import { execConfig } from '../instances/exec/testing-exec-config.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { config, service, TCP, TestingSink } from './fleet-testing.ts';

/** Says what it is asked to do, and lists ten members, late. */
const GROUP = `
const fs = require('node:fs');
const asked = JSON.parse(fs.readFileSync(0, 'utf8'));
fs.appendFileSync(process.argv[1], asked.action + '\\n');
const members = Array.from({ length: 10 }, (_, at) => ({ id: 'm' + at, host: '127.0.0.1', port: 1 }));
setTimeout(() => console.log(JSON.stringify({ desired: 10, members })), asked.action === 'list' ? 700 : 0);
`;

test('before a platform was looked at its size is not known, and not taken for 0', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-group-'));
	const asked = join(folder, 'asked');
	writeFileSync(asked, '');
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host });
	try {
		const instances = execConfig([process.execPath, '-e', GROUP, asked]);
		await fleet.apply(config(service('api', instances, { health: TCP, scale: { min: 0, max: 20 } })));
		assert.equal(fleet.scaled('api'), null);
		await until(() => fleet.scaled('api') !== null);
		assert.equal(fleet.scaled('api')?.desired, 10);
		appendFileSync(asked, 'end\n');
		const actions = readFileSync(asked, 'utf8');
		assert.ok(actions.includes('list') && !/resize|remove/.test(actions), actions);
	} finally {
		await fleet.stop(0);
		await host.close();
		rmSync(folder, { recursive: true, force: true });
	}
});

/** Lists ten members, and from then on only after a time that grows with each list. */
const SLOWER = `
const fs = require('node:fs');
const asked = JSON.parse(fs.readFileSync(0, 'utf8'));
const lists = fs.readFileSync(process.argv[1], 'utf8').split('list').length - 1;
fs.appendFileSync(process.argv[1], asked.action + '\\n');
const members = Array.from({ length: 10 }, (_, at) => ({ id: 'm' + at, host: '127.0.0.1', port: 1 }));
setTimeout(() => console.log(JSON.stringify({ desired: 10, members })), lists * 700);
`;

test('a reload of a platform’s block: its size and its instances stay known, and nothing is changed there', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-group-'));
	const asked = join(folder, 'asked');
	writeFileSync(asked, '');
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host });
	const scale = { min: 0, max: 20 };
	const configured = (more: Partial<ExecConfig>) =>
		config(service('api', execConfig([process.execPath, '-e', SLOWER, asked], more), { health: TCP, scale }));
	const actions = () => readFileSync(asked, 'utf8').trim().split('\n');
	try {
		await fleet.apply(configured({}));
		await until(() => fleet.scaled('api') !== null);
		for (const timeoutMs of [6000, 7000]) {
			const before = actions().length;
			await fleet.apply(configured({ timeoutMs }));
			await until(() => {
				assert.equal(fleet.scaled('api')?.desired, 10);
				assert.equal(fleet.list().filter(({ state }) => state !== 'draining').length, 10);
				assert.deepEqual(
					fleet.ready().map(({ desired, sleeps }) => [desired, sleeps]),
					[[10, false]],
				);
				return actions().length > before;
			});
		}
		assert.deepEqual(new Set(actions()), new Set(['list']));
	} finally {
		await fleet.stop(0);
		await host.close();
		rmSync(folder, { recursive: true, force: true });
	}
});

test('the first words wait for what a platform says, but not for ever', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-group-'));
	const asked = join(folder, 'asked');
	writeFileSync(asked, '');
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host });
	const denied = `console.log('{"permission":"groups:list"}'); console.error('nobody may look'); process.exit(77)`;
	try {
		const none = execConfig([process.execPath, '-e', denied]);
		await fleet.apply(config(service('api', none, { health: TCP, scale: { min: 0, max: 20 } })));
		await fleet.looked(60_000);
		const [text = ''] = sink.events.filter(({ kind }) => kind === 'provider_trouble').map((event) => event.text);
		assert.match(text, /cannot be read: nobody may look \(permission needed: groups:list\); nothing is known of it/);
		const late = execConfig([process.execPath, '-e', 'setTimeout(() => {}, 60000)']);
		await fleet.apply(config(service('late', late, { health: TCP })));
		await fleet.looked(1);
		assert.equal(fleet.scaled('late'), null);
	} finally {
		await fleet.stop(0);
		await host.close();
		rmSync(folder, { recursive: true, force: true });
	}
});
