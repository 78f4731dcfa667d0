import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { AttemptOrder } from '../jobs/attempt.ts';
import { JobPlaces } from './job-places.ts';
import type { FromJobs, ToJobs } from './jobs-messages.ts';
import { type Flat, readFromJobs, writeToJobs } from './jobs-wire.ts';

const order = (token: string): AttemptOrder => ({
	token,
	id: token,
	attempt: 1,
	request: new Uint8Array(),
	body: null,
	upstreamKey: '',
	lane: '',
});

/** The workers' ends of their channels. */
function stage() {
	const ended: string[] = [];
	const lost: string[] = [];
	let freed: () => void = () => {};
	const places = new JobPlaces({
		call: () => {},
		unwait: () => {},
		ended: (token) => ended.push(token),
		lost: (tokens) => {
			lost.push(...tokens);
			freed();
		},
		free: () => freed(),
		drop: () => {},
	});
	const connect = (worker: number): MessagePort => {
		const { port1, port2 } = new MessageChannel();
		places.connect(worker, port2);
		return port1;
	};
	const free = (): Promise<void> => new Promise((resolve) => (freed = resolve));
	return { places, ended, lost, connect, free };
}

/** As a worker's end says it. */
function say(port: MessagePort, message: ToJobs): void {
	const flat: Flat = [];
	writeToJobs(flat, message);
	port.postMessage(flat);
}

const takes = async ({ free }: ReturnType<typeof stage>, port: MessagePort): Promise<void> => {
	const done = free();
	say(port, { type: 'takes', attempts: true });
	await done;
};

test('attempts go to the worker with the fewest; one that is gone loses its own, and only those', async () => {
	const of = stage();
	const [zero, one] = [of.connect(0), of.connect(1)];
	assert.equal(of.places.begin(order('early')), false);
	await takes(of, zero);
	await takes(of, one);
	const got: string[] = [];
	for (const [name, port] of [
		['zero', zero],
		['one', one],
	] as const)
		port.on('message', (flat: Flat) =>
			readFromJobs(flat, (message: FromJobs) => {
				if (message.type === 'attempt') got.push(`${name} ${message.order.token}`);
			}),
		);
	for (const token of ['a', 'b', 'c']) assert.ok(of.places.begin(order(token)));
	say(zero, { type: 'outcome', token: 'a', outcome: { kind: 'no_place', code: 'no_route' } });
	while (of.ended.length === 0 || got.length < 3) await new Promise((resolve) => setImmediate(resolve));
	assert.deepEqual(got.sort(), ['one b', 'zero a', 'zero c']);
	const gone = of.free();
	zero.close();
	await gone;
	assert.deepEqual(of.lost, ['c']);
	assert.ok(of.places.room() > 0);
	const closed = once(one, 'close');
	of.places.close();
	await closed;
	assert.equal(of.places.room(), 0);
});
