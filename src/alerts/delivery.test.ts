import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type AlertEvent, Delivery } from './delivery.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Channel } from './notification.ts';
import { notifyFailed } from './notification.ts';
import { HttpSink } from './testing/http-sink.ts';
import { sampleAlert, sampleNotification } from './testing/sample-notification.ts';
import { TestChannel } from './testing/test-channel.ts';

/** A delivery on a clock that each wait moves. */
function bench(channel: Channel, perMinute = 0) {
	const events: AlertEvent[] = [];
	const waits: number[] = [];
	let nowMs = 0;
	const delivery = new Delivery({
		name: 'hook',
		channel,
		perMinute,
		say: (event) => void events.push(event),
		random: () => 0.5,
		now: () => nowMs,
		wait: async (ms, signal) => {
			waits.push(ms);
			nowMs += ms;
			await turn(undefined, { signal });
		},
	});
	const settled = async () => {
		for (let i = 0; i < 1000 && delivery.view().waiting > 0; i++) await turn();
	};
	return { delivery, events, waits, settled };
}

test('a failed send is tried again, later and later, and said once', async () => {
	const channel = new TestChannel();
	channel.failures = 9;
	const { delivery, events, waits, settled } = bench(channel);
	delivery.push(sampleNotification());
	await settled();
	assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
	assert.deepEqual(
		events.map(({ text }) => text),
		['channel hook failed and is tried again: out of order', 'channel hook works again'],
	);
	assert.deepEqual([delivery.view().sent, delivery.view().failed, delivery.view().lost], [1, 9, 0]);
});

test('what is given up is an event and a count: refused for good, an hour, too many', async () => {
	const channel = new TestChannel();
	const { delivery, events, settled } = bench(channel);
	channel.failures = 1;
	channel.permanent = true;
	delivery.push(sampleNotification());
	await settled();
	assert.equal(delivery.view().lost, 1);
	assert.match(events.at(-1)?.text ?? '', /a notification of errors \(firing\) is lost: out of order/);
	channel.failures = 1000;
	channel.permanent = false;
	delivery.push(sampleNotification());
	await settled();
	assert.equal(delivery.view().lost, 2);
	assert.match(events.at(-1)?.text ?? '', /not taken for an hour/);
	let open = (): void => {};
	const gate = new Promise<void>((resolve) => {
		open = resolve;
	});
	const stuck = bench({ send: () => gate });
	for (let i = 0; i < 150; i++) stuck.delivery.push(sampleNotification({ group: `g${i}` }));
	assert.deepEqual([stuck.delivery.view().waiting, stuck.delivery.view().lost], [101, 49]);
	assert.equal(stuck.events.filter(({ severity }) => severity === 'error').length, 49);
	open();
	await stuck.settled();
	assert.equal(stuck.delivery.view().sent, 101);
});

test('a newer state of a group takes the place of one that waits, with what has ended meanwhile', async () => {
	const channel = new TestChannel();
	channel.failures = 1;
	const { delivery, settled } = bench(channel);
	const ended = sampleAlert({ fingerprint: 'old', status: 'resolved', labels: { service: 'old' } });
	delivery.push(sampleNotification({ alerts: [ended, sampleAlert({ fingerprint: 'a', labels: { service: 'a' } })] }));
	delivery.push(sampleNotification({ alerts: [sampleAlert({ fingerprint: 'b', labels: { service: 'b' } })] }));
	await settled();
	assert.deepEqual(channel.told, ['firing b+-old']);
});

test('the rate is kept, and what the other side asks for', async () => {
	const channel = new TestChannel();
	const { delivery, waits, settled } = bench(channel, 2);
	for (let i = 0; i < 5; i++) delivery.push(sampleNotification({ group: `g${i}` }));
	await settled();
	assert.equal(channel.sent.length, 5);
	assert.deepEqual(waits, [60_000, 60_000]);
	let first = true;
	const asking = bench({
		async send() {
			if (first) {
				first = false;
				throw notifyFailed('busy', { retryAfterMs: 30_000 });
			}
		},
	});
	asking.delivery.push(sampleNotification());
	await asking.settled();
	assert.deepEqual(asking.waits, [30_000]);
});

test('the heartbeat is sent while the alerts are looked at, and says when nobody takes it', async () => {
	await using sink = await HttpSink.open();
	const events: AlertEvent[] = [];
	let healthy = true;
	const heartbeat = new Heartbeat(
		{ url: `${sink.url}/s3cret`, secret: true, everyMs: 60_000 },
		() => healthy,
		(event) => void events.push(event),
	);
	await heartbeat.beat();
	healthy = false;
	await heartbeat.beat();
	assert.deepEqual(
		sink.received.map(({ method, path }) => [method, path]),
		[['GET', '/s3cret']],
	);
	healthy = true;
	sink.answer = { status: 500 };
	await heartbeat.beat();
	await heartbeat.beat();
	sink.answer = { status: 200 };
	await heartbeat.beat();
	assert.deepEqual([heartbeat.view.sent, heartbeat.view.failed], [2, 2]);
	assert.deepEqual(
		events.map(({ text }) => text),
		['the heartbeat is not taken: answered 500', 'the heartbeat is taken again'],
	);
});
