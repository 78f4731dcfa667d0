import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatformError } from '../instances/platform/platform-error.ts';
import type { InstanceEvent } from '../instances/provider.ts';
import { until } from '../instances/testing-watcher.ts';
import type { InstanceSize } from '../scaling/policy.ts';
import { PlatformSize } from './platform-size.ts';

const NOTHING: InstanceSize = { cpu: null, memoryBytes: null };
const ONE: InstanceSize = { cpu: 1, memoryBytes: null };
const TWO: InstanceSize = { cpu: 2, memoryBytes: null };
/** Far behind any time at which something is tried again. */
const LATER_MS = 3_600_000;

type Answer = 'live' | 'rolling' | 'same' | null | Error;

function stage(...answers: Answer[]) {
	const asked: (number | null)[] = [];
	const given: (number | null)[] = [];
	const events: InstanceEvent[] = [];
	let done = 0;
	const provider = {
		async applySize({ cpu }: InstanceSize) {
			asked.push(cpu);
			const answer = answers[Math.min(asked.length, answers.length) - 1] ?? null;
			if (answer instanceof Error) throw answer;
			return answer;
		},
	};
	const size = new PlatformSize({
		name: 'api',
		given: ({ cpu }) => void given.push(cpu),
		event: (event) => void events.push(event),
	});
	/** One look, and all that it does. */
	const look = async (holds: InstanceSize, nowMs = Date.now()): Promise<void> => {
		const before = asked.length;
		size.keep(provider, holds, nowMs);
		if (asked.length > before) await new Promise((resolve) => setImmediate(resolve));
		done++;
	};
	return { size, look, asked, given, texts: () => events.map(({ text }) => text), looks: () => done };
}

test('a size of the configuration is brought once, and again where the platform is another; none is no change', async () => {
	const { size, look, asked, given, texts } = stage('live', 'same');
	await look(NOTHING);
	assert.deepEqual(asked, []);
	await look(ONE);
	await look(ONE);
	size.forget();
	await look(ONE);
	await look(NOTHING);
	assert.deepEqual(asked, [1, 1, null], 'what is no longer said is let go of');
	assert.deepEqual(given, []);
	assert.deepEqual(texts(), ['api: instances are given 1 core, memory unbounded, where they are']);
});

test('a size that was found holds once the platform has taken it', async () => {
	const { size, look, asked, given, texts } = stage('same', 'rolling');
	await look(ONE);
	size.give(TWO);
	await look(ONE);
	assert.deepEqual([asked, given], [[1, 2], [2]]);
	await look(TWO);
	assert.deepEqual(asked, [1, 2]);
	assert.deepEqual(texts(), ['api: instances are given 2 cores, memory unbounded, one after the other']);
});

test('what fails is told once and tried again later; what was found is given up, what is configured never', async () => {
	const busy = new PlatformError('busy', 'a rollout is under way');
	const found = stage(busy);
	found.size.give(TWO);
	await found.look(NOTHING);
	await found.look(NOTHING);
	assert.deepEqual(found.asked, [2], 'not at once');
	for (let at = 0; at < 9; at++) await found.look(NOTHING, Date.now() + LATER_MS);
	assert.deepEqual(found.asked, [2, 2, 2, 2, 2]);
	const text = 'api: instances could not be given 2 cores, memory unbounded: a rollout is under way';
	assert.deepEqual(found.texts(), [`${text}; it is tried again in 10 s`, `${text}; they keep what they have`]);
	assert.deepEqual(found.given, []);

	const denied = new PlatformError('denied', 'forbidden', { permission: 'patch pods/resize' });
	const configured = stage(denied, denied, denied, denied, denied, denied, 'live');
	for (let at = 0; at < 9; at++) await configured.look(ONE, Date.now() + LATER_MS);
	assert.equal(configured.asked.length, 7);
	assert.match(
		configured.texts()[0] ?? '',
		/forbidden \(permission needed: patch pods\/resize\); it is tried again in 10 s$/,
	);
	assert.deepEqual(configured.texts().slice(1), ['api: instances are given 1 core, memory unbounded, where they are']);
});

test('what was found and cannot work is given up at once; a platform that cannot is asked once', async () => {
	const refused = stage(new PlatformError('bad_request', 'none has as much'), 'live');
	refused.size.give(TWO);
	await refused.look(NOTHING);
	await refused.look(NOTHING, Date.now() + LATER_MS);
	assert.deepEqual(refused.asked, [2]);
	const unable = stage(null);
	await unable.look(ONE);
	await unable.look(ONE);
	await until(() => unable.looks() === 2);
	assert.deepEqual([unable.asked, unable.texts()], [[1], ['api: its platform cannot change what instances are given']]);
});

test('an answer that comes after the platform was left says nothing of the next one', async () => {
	const waiting: (() => void)[] = [];
	const asked: (number | null)[] = [];
	const events: string[] = [];
	const provider = {
		applySize: ({ cpu }: InstanceSize) => {
			asked.push(cpu);
			return new Promise<'live'>((resolve, reject) => {
				waiting.push(asked.length === 1 ? () => resolve('live') : () => reject(new Error('closed')));
			});
		},
	};
	const size = new PlatformSize({ name: 'api', given: () => {}, event: ({ text }) => void events.push(text) });
	const answered = async () => {
		waiting.shift()?.();
		await new Promise((resolve) => setImmediate(resolve));
	};
	size.keep(provider, ONE, Date.now());
	size.forget();
	await answered();
	size.keep(provider, ONE, Date.now());
	assert.deepEqual(asked, [1, 1], 'the next one is told');
	size.forget();
	await answered();
	assert.deepEqual(events, []);
});
