/** What every channel promises; each adapter's test runs it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Channel } from '../notification.ts';
import { sampleAlert, sampleNotification } from './sample-notification.ts';

/** The other side of a channel, as a test has it. */
export interface ChannelPeer extends AsyncDisposable {
	/** Waits no longer than `waitMs`. */
	channel(waitMs: number): Channel;
	/** Takes what comes; refuses it for good; fails for now; never answers. */
	behave(how: 'take' | 'refuse' | 'fail' | 'silent'): void;
	/** All that arrived, as text. */
	arrived(): string;
}

export function channelSuite(name: string, open: () => Promise<ChannelPeer>): void {
	test(`${name}: what fires arrives, and what ends`, async () => {
		await using peer = await open();
		const channel = peer.channel(5000);
		await channel.send(sampleNotification());
		const first = peer.arrived();
		assert.match(first, /error_rate of videos is 12%, over 5%/);
		assert.match(first, /deploy of videos began/);
		assert.match(first, /https:\/\/wiki\.example\.com\/errors/);
		await channel.send(
			sampleNotification({
				status: 'resolved',
				alerts: [sampleAlert({ status: 'resolved', endsAtMs: Date.UTC(2026, 10, 28, 12, 5) })],
			}),
		);
		assert.ok(peer.arrived().length > first.length);
	});

	test(`${name}: a test and a large group arrive`, async () => {
		await using peer = await open();
		const channel = peer.channel(5000);
		await channel.send(sampleNotification({ test: true }));
		const alerts = Array.from({ length: 50 }, (_, i) =>
			sampleAlert({
				fingerprint: `f${i}`,
				summary: 'ä<!channel>&\u2028 "'.repeat(30),
				labels: { 'a-b.c': 'x'.repeat(200) },
			}),
		);
		await channel.send(sampleNotification({ alerts, omitted: 12 }));
	});

	test(`${name}: what is not taken is said, and whether to try again`, async () => {
		await using peer = await open();
		const channel = peer.channel(5000);
		peer.behave('fail');
		await assert.rejects(
			channel.send(sampleNotification()),
			(error: Error & { code: string; details: { permanent?: boolean } }) => {
				assert.equal(error.code, 'notify_failed', error.stack ?? '');
				assert.notEqual(error.details.permanent, true);
				return true;
			},
		);
		peer.behave('take');
		await channel.send(sampleNotification());
	});

	test(`${name}: who does not answer is not waited for`, async () => {
		await using peer = await open();
		peer.behave('silent');
		const from = performance.now();
		await assert.rejects(peer.channel(200).send(sampleNotification()), { code: 'notify_failed' });
		assert.ok(performance.now() - from < 2000);
	});
}
