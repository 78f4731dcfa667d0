/** The fleet with a group of a platform. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
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
