/** Pools of real instances whose workers' part is written on the board, for tests of ejection and panic. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Guard, Outcome } from '../core/board.ts';
import { atEnd } from '../core/testing/at-end.ts';
import type { OutlierConfig } from '../health/outlier-config.ts';
import type { UrlsConfig } from '../instances/config.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { config, service, TCP, TestingSink } from './fleet-testing.ts';

export const OUTLIERS: OutlierConfig = {
	failures: 5,
	connectFailures: 3,
	flaps: 3,
	successRate: null,
	latency: { factor: 3, leastMs: 100 },
	windowMs: 10_000,
	ejection: { baseMs: 300, mostMs: 1000 },
	most: 0.5,
	panic: 0,
};

export const LOOK_MS = 100;

export interface Api {
	port: number;
	status: number;
	server: Server;
	close(): void;
}

export async function api(port = 0): Promise<Api> {
	const server = createServer((_, response) => response.writeHead(it.status).end('x'));
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	const it: Api = {
		port: (server.address() as AddressInfo).port,
		status: 200,
		server,
		close: () => {
			server.closeAllConnections();
			server.close();
		},
	};
	atEnd(() => it.close());
	return it;
}

export const urls = (apis: readonly Api[]): UrlsConfig => ({
	kind: 'urls',
	urls: apis.map(({ port }) => ({ host: '127.0.0.1', port, tls: false, weight: 1 })),
});

/** A pool of so many instances, all ready. */
export async function poolOf(count: number, changes: Partial<OutlierConfig> = {}, slowStartMs = 0, lookMs = LOOK_MS) {
	const apis: Api[] = [];
	for (let made = 0; made < count; made++) apis.push(await api());
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host, lookMs });
	atEnd(
		() => host.close(),
		() => fleet.stop(0),
	);
	const health = { ...TCP, kind: 'http' as const };
	const settings = { health, outliers: { ...OUTLIERS, ...changes }, slowStartMs };
	const apply = (outliers = settings.outliers) =>
		fleet.apply(config(service('api', urls(apis), { ...settings, outliers })));
	await apply();
	await until(() => sink.pickable().length === count);
	// It knows them from its first look on.
	await new Promise((resolve) => setTimeout(resolve, 2 * LOOK_MS));
	const pool = {
		apis,
		sink,
		fleet,
		apply,
		board: sink.board,
		view: (at: number) => fleet.list()[at] as ReturnType<Fleet['list']>[number],
		slot: (at: number) => pool.view(at).slot,
		/** So many attempts end so at an instance, and its worker says what it must. */
		ends: (at: number, outcome: Outcome, times = 1, headMs = 5) => {
			for (let done = 0; done < times; done++) {
				sink.board.ended(pool.slot(at), 0, outcome, outcome === Outcome.connectFailed ? 0 : headMs * 1000);
				if (outcome !== Outcome.ok) fleet.suspect(pool.slot(at));
			}
		},
		/** The one request that tries a half-open instance ends so. */
		trial: (at: number, outcome: Outcome, headMs = 5) => {
			const { board } = sink;
			const slot = pool.slot(at);
			assert.ok(board.moveGuard(slot, Guard.halfOpen, Guard.trial));
			board.ended(slot, 0, outcome, headMs * 1000);
			board.moveGuard(slot, Guard.trial, outcome === Outcome.ok ? Guard.closed : Guard.open);
			fleet.guardChanged(slot);
		},
		state: (at: number) => sink.board.state(pool.slot(at)),
		figures: () => fleet.ready()[0]?.outliers,
	};
	return pool;
}
