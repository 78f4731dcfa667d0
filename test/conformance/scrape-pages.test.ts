/** Instances elsewhere tell by their own page what they use. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertsAnswer } from '../../src/alerts/alert-view.ts';
import type { FigureSeries } from '../../src/core/metric.ts';
import { startBallast } from '../support/ballast.ts';
import { startUpstream } from '../support/raw-upstream.ts';
import { eventually } from '../support/suite.ts';

const page = (text: string): string =>
	`HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

describe('pages of instances', { concurrency: 2 }, () => {
	test('memory and CPU of instances at URLs are those of their pages', async () => {
		const upstreams = [await startUpstream(), await startUpstream()];
		const started = performance.now();
		for (const [at, upstream] of upstreams.entries()) {
			upstream.on('/own/metrics', (_, peer) => {
				// 0.25 and 0.5 of a core, since a time before that of Ballast's start.
				const cpu = 1000 + ((performance.now() - started) / 1000) * 0.25 * (at + 1);
				const lines = [
					'# TYPE process_cpu_seconds_total counter',
					`process_cpu_seconds_total ${cpu.toFixed(3)}`,
					'# TYPE process_resident_memory_bytes gauge',
					`process_resident_memory_bytes ${(at + 1) * 50_000_000}`,
				];
				peer.send(page(`${lines.join('\n')}\n`));
			});
		}
		// They come when Ballast runs already.
		const config = (urls: string[]) => ({
			workers: 1,
			stop: '0s',
			services: {
				api: { instances: urls, scrape: { path: '/own/metrics', interval: '1s' } },
			},
		});
		try {
			await using ballast = await startBallast(config([upstreams[0]?.url ?? '']));
			await sleep(2500);
			ballast.configure(config(upstreams.map(({ url }) => url)));
			await ballast.control('reload');
			const last = async (query: string): Promise<number[]> => {
				const series = (await ballast.control('figures', {
					query,
					points: 30,
					from: Date.now() - 30_000,
				})) as FigureSeries[];
				return series
					.map(({ values }) => values.findLast((value) => value !== null) ?? Number.NaN)
					.sort((a, b) => a - b);
			};
			await eventually(
				() => last('memory by instance over 2s'),
				([one, two]) => one === 50_000_000 && two === 100_000_000,
				15_000,
			);
			const near = (value: number | undefined, to: number): boolean => Math.abs((value ?? Number.NaN) / to - 1) < 0.15;
			await eventually(
				() => last('cpu by instance over 6s'),
				([one, two]) => near(one, 0.25) && near(two, 0.5),
				20_000,
			);
			// What they had used before they were known stands nowhere.
			const query = 'cpu by instance over 2s';
			const series = (await ballast.control('figures', {
				query,
				points: 60,
				from: Date.now() - 60_000,
			})) as FigureSeries[];
			const most = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
			assert.ok(most < 2, `${most}`);
			assert.doesNotMatch(ballast.output(), /cannot be read/);
		} finally {
			for (const upstream of upstreams) await upstream.close();
		}
	});

	test('what an instance counts on its page is a figure: asked for, and a rule fires on it', async () => {
		const upstream = await startUpstream();
		let depth = 5;
		upstream.on('/metrics', (_, peer) => {
			peer.send(page(`# TYPE my_queue_depth gauge\nmy_queue_depth{shard="a"} ${depth}\nmy_queue_depth{shard="b"} 1\n`));
		});
		try {
			await using ballast = await startBallast({
				workers: 1,
				stop: '0s',
				services: { api: { instances: [upstream.url], scrape: { path: '/metrics', interval: '1s' } } },
				alerts: { defaults: 'off', deep: 'my_queue_depth service:api shard:a by instance > 100 for 1s' },
			});
			const asked = async (): Promise<FigureSeries[]> =>
				(await ballast.control('figures', {
					query: 'my_queue_depth service:api by shard over 2s',
					points: 30,
					from: Date.now() - 30_000,
				})) as FigureSeries[];
			const last = ({ values }: FigureSeries): number | undefined =>
				values.findLast((value) => value !== null) ?? undefined;
			await eventually(
				() => asked().catch(() => []),
				(found) => found.length === 2 && found.some((one) => one.labels['shard'] === 'a' && last(one) === 5),
				15_000,
			);
			depth = 500;
			const alerts = async () => (await ballast.control('alerts', {})) as AlertsAnswer;
			const answer = await eventually(
				alerts,
				({ alerts: all }) => all.some(({ name, state }) => name === 'deep' && state === 'firing'),
				20_000,
			);
			const deep = answer.alerts.find(({ state }) => state === 'firing');
			assert.ok((deep?.value ?? 0) > 100 && (deep?.labels['instance'] ?? '') !== '', JSON.stringify(deep));
			assert.deepEqual(answer.blind, []);
		} finally {
			await upstream.close();
		}
	});
});
