import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type FillingEntry, FillState } from '../../cache/answer-store.ts';
import { AnswerMemory } from '../../cache/memory/answer-memory.ts';
import { openAnswerStore } from '../../cache/memory/memory-store.ts';
import { cacheKey, storedAnswer } from '../../cache/memory/testing/answers.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Timer } from '../../wire/timer-wheel.ts';
import { CompressedWait } from './compressed-wait.ts';

/** A request that waits, and what became of it. */
function waiting() {
	const store = openAnswerStore(AnswerMemory.create(1024 * 1024), 0);
	const [entry, form] = ['plain', 'form'].map((name) => store.begin(cacheKey(name)) as FillingEntry) as [
		FillingEntry,
		FillingEntry,
	];
	const pins = { entry: 1, form: 1 };
	for (const [name, each] of [['entry', entry] as const, ['form', form] as const]) {
		const release = each.release.bind(each);
		each.release = () => {
			pins[name]--;
			release();
		};
	}
	const timers = new Set<Timer>();
	const wheel = { set: (timer: Timer) => timers.add(timer), remove: (timer: Timer) => timers.delete(timer) };
	const exchange = { source: null as AnswerSource | null, plane: { wheel } };
	const given: (FillState | null)[] = [];
	const wait = new CompressedWait({ exchange: exchange as unknown as Exchange, entry, form }, (made) =>
		given.push(made?.state ?? null),
	);
	return { wait, exchange, form, pins, timers, given };
}

/** In a later turn its watchers have heard of it. */
const heard = (form: FillingEntry): Promise<void> =>
	new Promise((resolve) => {
		const listener = {
			entryChanged() {
				form.unwatch(listener);
				resolve();
			},
		};
		form.watch(listener);
	});

suite('a request that waits for a compressed form', () => {
	test('gets it once it is whole', async () => {
		const { exchange, form, pins, timers, given } = waiting();
		await heard(form);
		assert.deepEqual(given, []);
		assert.ok(exchange.source !== null);
		form.setAnswer(storedAnswer({ length: 1 }));
		form.append(Buffer.from('x'), 0, 1);
		form.complete(null);
		await heard(form);
		assert.deepEqual(given, [FillState.whole]);
		assert.deepEqual([exchange.source, timers.size], [null, 0]);
		assert.deepEqual(pins, { entry: 1, form: 1 });
	});

	test('gets the plain one where that takes too long, and hears no more of it', async () => {
		const { exchange, form, pins, timers, given } = waiting();
		for (const timer of timers) timer.owner.onTimer();
		assert.deepEqual(given, [null]);
		assert.deepEqual([exchange.source, timers.size], [null, 0]);
		assert.deepEqual(pins, { entry: 1, form: 0 });
		await heard(form);
		assert.deepEqual(given, [null]);
	});

	test('gets the plain one where it comes to nothing', async () => {
		const { form, given } = waiting();
		form.fail(FillState.refused);
		await heard(form);
		assert.deepEqual(given, [null]);
	});

	test('that leaves gets nothing, and holds nothing', async () => {
		const { wait, form, pins, timers, given } = waiting();
		wait.cancel();
		assert.deepEqual(pins, { entry: 0, form: 0 });
		assert.equal(timers.size, 0);
		form.pin();
		form.fail(FillState.broken);
		await new Promise((resolve) => setImmediate(resolve));
		assert.deepEqual(given, []);
	});
});
