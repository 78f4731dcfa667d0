import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallGroup } from './call-group.ts';

const bytes = (item: number): number => item;

test('calls of a turn, and those that come while one is under way, are sent together', async () => {
	const sent: number[][] = [];
	const first = Promise.withResolvers<void>();
	const group = new CallGroup<number, number>(
		async (items) => {
			sent.push([...items]);
			if (sent.length === 1) await first.promise;
			return items.map((item) => item * 10);
		},
		{ items: 100, bytes: 1e6 },
		bytes,
	);
	const early = [group.run([1, 2]), group.run([3])];
	await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
	const late = [group.run([4]), group.run([]), group.run([5, 6])];
	first.resolve();
	assert.deepEqual(await Promise.all([...early, ...late]), [[10, 20], [30], [40], [], [50, 60]]);
	assert.deepEqual(sent, [
		[1, 2, 3],
		[4, 5, 6],
	]);
	await group.settled();
});

test('what is too much for one is sent one after the other, and answered whole', async () => {
	const sent: number[][] = [];
	const send = async (items: readonly number[]): Promise<number[]> => {
		sent.push([...items]);
		return [...items];
	};
	const group = new CallGroup<number, number>(send, { items: 3, bytes: 100 }, bytes);
	const all = [group.run([1, 2]), group.run([3, 4]), group.run([90]), group.run([20]), group.run([5, 6, 7, 8])];
	assert.deepEqual(await Promise.all(all), [[1, 2], [3, 4], [90], [20], [5, 6, 7, 8]]);
	assert.deepEqual(sent, [[1, 2], [3, 4, 90], [20], [5, 6, 7], [8]]);
});

test('one that fails fails for those who are in it, and the next goes on', async () => {
	let calls = 0;
	const send = async (items: readonly number[]): Promise<number[]> => {
		if (++calls === 1) throw new Error('away');
		return [...items];
	};
	const group = new CallGroup<number, number>(send, { items: 1, bytes: 100 }, bytes);
	const [one, two] = await Promise.allSettled([group.run([1]), group.run([2])]);
	assert.deepEqual([one.status, two.status], ['rejected', 'fulfilled']);
});

test('many calls are divided, so that Redis has one while the other is read; more than two wait', async () => {
	const sent: number[][] = [];
	const answers: (() => void)[] = [];
	const group = new CallGroup<number, number>(
		async (items) => {
			sent.push([...items]);
			await new Promise<void>((resolve) => answers.push(resolve));
			return [...items];
		},
		{ items: 100, bytes: 1e6 },
		bytes,
	);
	const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
	const numbers = Array.from({ length: 40 }, (_, at) => at);
	const early = Promise.all(numbers.map((at) => group.run([at])));
	await turn();
	assert.deepEqual(sent, [numbers.slice(0, 20), numbers.slice(20)]);
	const late = group.run([40]);
	await turn();
	assert.equal(sent.length, 2);
	for (const answer of answers) answer();
	assert.deepEqual((await early).flat(), numbers);
	await turn();
	answers[2]?.();
	assert.deepEqual(await late, [40]);
	await group.settled();
});
