import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatformError } from './platform-error.ts';
import { type OperationAnswer, RunningOperations } from './running-operations.ts';

const signal = AbortSignal.timeout(10_000);

function made(answers: (OperationAnswer | PlatformError)[], retryAfterMs: number | null = null) {
	const clock = { now: 1_000_000, looks: 0 };
	const operations = new RunningOperations(60_000, () => clock.now);
	const look = async () => {
		const answer = answers[Math.min(clock.looks++, answers.length - 1)];
		if (answer instanceof PlatformError || answer === undefined) throw answer ?? new Error('no answer');
		return answer;
	};
	operations.add({ what: 'the change to 4', retryAfterMs, look });
	return { clock, operations };
}

const running = (retryAfterMs: number | null = null): OperationAnswer => ({ state: 'running', retryAfterMs });

test('it is looked at no sooner than the platform says', async () => {
	const { clock, operations } = made([running(7000), { state: 'done', retryAfterMs: null }], 5000);
	await operations.look(signal);
	assert.equal(clock.looks, 0);
	clock.now += 5000;
	await operations.look(signal);
	clock.now += 6999;
	await operations.look(signal);
	assert.equal(clock.looks, 1);
	assert.equal(operations.busy, 'the change to 4 is under way');
	clock.now += 1;
	await operations.look(signal);
	assert.deepEqual([clock.looks, operations.busy, operations.failure], [2, null, null]);
});

test('a failure lasts until another change begins', async () => {
	const fault = new PlatformError('capacity', 'no place');
	const { operations } = made([{ state: 'failed', fault, retryAfterMs: null }]);
	await operations.look(signal);
	await operations.look(signal);
	assert.equal(operations.failure, fault);
	operations.add({ what: 'the change to 3', retryAfterMs: null, look: async () => running() });
	assert.equal(operations.failure, null);
});

test('a failure says what was to be done, and is over when it may be tried again', async () => {
	const { clock, operations } = made([]);
	const fault = new PlatformError('bad_request', 'it is locked');
	const look = async (): Promise<OperationAnswer> => ({ state: 'failed', fault, retryAfterMs: null });
	const removals = new RunningOperations(60_000, () => clock.now);
	removals.add({ what: 'the deletion of a', retryAfterMs: null, look }, 'in');
	await removals.look(signal);
	assert.deepEqual([removals.failure, removals.failing], [fault, { failing: 'in' }]);
	clock.now += 60_001;
	assert.deepEqual([removals.failure, removals.failing], [null, {}]);
	assert.deepEqual(operations.failing, {});
});

test('looks that fail: what may pass is asked again, one that is forgotten has ended, the rest is its failure', async () => {
	const throttled = made([
		new PlatformError('throttled', 'slow', { retryAfterMs: 9000 }),
		{ state: 'done', retryAfterMs: null },
	]);
	await throttled.operations.look(signal);
	throttled.clock.now += 8999;
	await throttled.operations.look(signal);
	assert.equal(throttled.clock.looks, 1);
	const forgotten = made([new PlatformError('not_found', 'gone')]);
	await forgotten.operations.look(signal);
	assert.deepEqual([forgotten.operations.busy, forgotten.operations.failure], [null, null]);
	for (const fault of ['denied', 'busy', 'capacity', 'bad_request'] as const) {
		const { operations } = made([new PlatformError(fault, 'words')]);
		await operations.look(signal);
		assert.deepEqual([operations.busy, operations.failure?.fault], [null, fault]);
	}
});

test('one that never ends is called stuck, then let go of', async () => {
	const { clock, operations } = made([running()]);
	clock.now += 60_001;
	await operations.look(signal);
	assert.equal(operations.busy, 'the change to 4 is under way, stuck for 60 s');
	clock.now += 60_000;
	await operations.look(signal);
	assert.equal(operations.busy, null);
});

test('however many there are, a look asks of a few, each in its turn', async () => {
	const clock = { now: 0 };
	const operations = new RunningOperations(60_000, () => clock.now);
	const seen = new Set<number>();
	let looks = 0;
	for (let at = 0; at < 100; at++) {
		const look = async () => {
			seen.add(at);
			looks++;
			return running();
		};
		operations.add({ what: `the change to ${at}`, retryAfterMs: null, look });
	}
	await operations.look(signal);
	assert.equal(looks, 8);
	for (let round = 0; round < 7; round++) {
		clock.now++;
		await operations.look(signal);
	}
	assert.equal(seen.size, 64);
	assert.match(operations.busy ?? '', /^the change to 36 is under way and 63 more$/);
});
