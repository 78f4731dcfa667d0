import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recentEvents } from './alerting.ts';
import { EventLog } from './event-log.ts';

test('what happened around an alert is known while the store cannot write it down', () => {
	const log = new EventLog(() => {});
	const fromMs = Date.now() - 1000;
	log.add({ level: 'warn', subject: 'store', text: 'logs are not stored: the disk is full (ENOSPC)' });
	log.add({ level: 'info', subject: 'videos', text: 'deploy' });
	log.add({ level: 'error', subject: 'alerts', text: 'alert store_failing firing' });
	const of = (service: string, toMs = Date.now()) =>
		recentEvents(log, { fromMs, toMs, service }, ['videos']).map(({ message, service: own }) => [own, message]);
	assert.deepEqual(of(''), [
		['', 'logs are not stored: the disk is full (ENOSPC)'],
		['videos', 'deploy'],
	]);
	assert.deepEqual(of('videos'), [['videos', 'deploy']]);
	assert.deepEqual(of('', fromMs), []);
});
