import assert from 'node:assert/strict';
import test from 'node:test';
import type { Alert } from './alert.ts';
import { causesOf } from './causes.ts';

test('an event with a word of the alert in it is the likeliest cause, before what was changed on purpose', async () => {
	const alert = { rule: 'store_failing', labels: {}, sinceMs: 100_000, firedMs: 105_000 } as unknown as Alert;
	const event = (message: string, severity: 'info' | 'warn', timeMs: number) => ({
		message,
		severity,
		timeMs,
		service: '',
	});
	const causes = await causesOf(alert, {
		around: async () => [
			event('deploy of videos: step 1', 'info', 99_000),
			event('logs are not stored: the disk is full (ENOSPC); lines are dropped', 'warn', 99_500),
			event('logs are not stored: the disk is full (ENOSPC); lines are dropped', 'warn', 99_500),
		],
	});
	assert.equal(causes.length, 2);
	assert.match(causes[0] ?? '', /^logs are not stored: the disk is full \(ENOSPC\)/);
});
