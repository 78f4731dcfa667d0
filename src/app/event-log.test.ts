import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from './event-log.ts';

test('what an event is about is named once, on the terminal and to whoever keeps it', () => {
	const lines: string[] = [];
	const kept: string[] = [];
	const log = new EventLog((line) => lines.push(line.slice(13)));
	log.onEvent = ({ subject, text }) => kept.push(`${subject}: ${text}`);
	log.add({ level: 'warn', subject: 'api', text: 'api: api-1 stays: 5 failures in a row' });
	log.add({ level: 'info', subject: 'api', text: 'api/standby: 1 → 2' });
	assert.deepEqual(lines, [
		'api          warn: api-1 stays: 5 failures in a row\n',
		'api          api/standby: 1 → 2\n',
	]);
	assert.deepEqual(kept, ['api: api-1 stays: 5 failures in a row', 'api: api/standby: 1 → 2']);
	assert.equal(log.recent[0]?.text, 'api-1 stays: 5 failures in a row');
});
