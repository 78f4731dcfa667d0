import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BallastError } from '../core/errors.ts';
import { JobTally } from './job-tally.ts';
import type { FromJobsThread } from './jobs-messages.ts';

const WEBHOOKS = { sent: 0, failed: 0, givenUp: 0, waiting: 0, gone: 0 };
const QUIET = { queues: {}, running: 3, webhooks: WEBHOOKS, lanes: [], spending: [] };

function tally(): { tally: JobTally; told: string[]; second(): string } {
	const told: string[] = [];
	let unusable = '';
	const own = new JobTally((message: FromJobsThread) => {
		if (message.type === 'told') told.push(message.kind);
		if (message.type === 'figures') unusable = message.unusable;
	});
	const second = (): string => {
		own.everySecond(QUIET);
		return unusable;
	};
	return { tally: own, told, second };
}

test('a store that takes no jobs in is told, though it carries out what there is; some seconds after the last refusal it is over', () => {
	const { tally: own, told, second } = tally();
	const refusal = new BallastError('jobs_unavailable', 'no memory left');
	for (let refused = 0; refused < 3; refused++) {
		own.refused(refusal);
		own.unusable('');
		assert.equal(second(), 'no memory left');
	}
	for (let quiet = 0; quiet < 8; quiet++) assert.equal(second(), 'no memory left');
	assert.equal(second(), '');
	assert.deepEqual(told, ['jobs_unusable', 'jobs_usable']);
});

test('what one client did wrong is no trouble of the store', () => {
	const { tally: own, told, second } = tally();
	own.refused(new BallastError('jobs_full'));
	assert.equal(second(), '');
	assert.deepEqual(told, []);
});

test('who carries jobs out says itself when it is over', () => {
	const { tally: own, told, second } = tally();
	own.unusable('not connected');
	own.trouble('not connected');
	for (let s = 0; s < 20; s++) assert.equal(second(), 'not connected');
	own.unusable('');
	assert.equal(second(), '');
	assert.deepEqual(told, ['jobs_unusable', 'jobs_usable']);
});

test('while the store does not answer the figures of before are told, and that', () => {
	const said: FromJobsThread[] = [];
	const own = new JobTally((message) => said.push(message));
	own.everySecond(QUIET);
	own.late();
	const figures = said.filter((message) => message.type === 'figures');
	assert.deepEqual(
		figures.map(({ running, unusable }) => [running, unusable]),
		[
			[3, ''],
			[3, 'it does not answer'],
		],
	);
});
