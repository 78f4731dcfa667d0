/** Shares of pools, from instances that run: probes and the board say what is ready. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { DEFAULT_FAILOVER } from '../balancing/failover-config.ts';
import type { ServiceConfig } from '../config/config.ts';
import { SlotState } from '../core/board.ts';
import type { UrlInstance, UrlsConfig } from '../instances/config.ts';
import { TestingHost } from '../instances/run/testing-host.ts';
import { until } from '../instances/testing-watcher.ts';
import { Fleet } from './fleet.ts';
import { config, pool, service, TestingSink } from './fleet-testing.ts';
import { PoolShares } from './pool-shares.ts';
import { ServiceCellsIndex } from './service-cells-index.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
	for (const close of closing.splice(0).reverse()) await close();
});

async function addresses(count: number): Promise<UrlsConfig> {
	const urls: UrlInstance[] = [];
	for (let at = 0; at < count; at++) {
		const server = createServer((_, response) => response.end());
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		closing.push(() => server.close());
		urls.push({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: false, weight: 1 });
	}
	return { kind: 'urls', urls };
}

/** A fleet of these services with all ready, and what the loop writes and says of it. */
async function running(...services: ServiceConfig[]) {
	const sink = new TestingSink();
	const host = new TestingHost();
	const fleet = new Fleet({ sink, host });
	closing.push(
		() => host.close(),
		() => fleet.stop(0),
	);
	const cells = new ServiceCellsIndex();
	for (const { name, pools } of services)
		cells.poolCells(
			name,
			pools.map((each) => each.name),
		);
	const events: string[] = [];
	const shares = new PoolShares({
		board: sink.board,
		cells,
		fleet,
		event: (level, _, text) => events.push(`${level} ${text}`),
	});
	await fleet.apply(config(...services));
	shares.configure(services);
	await until(() => fleet.ready().every(({ ready, desired }) => ready === desired));
	const slots = (of: string) => fleet.list().flatMap((view) => (view.pool === of ? [view.slot] : []));
	const look = () => {
		shares.look();
		return Object.fromEntries(fleet.ready().map(({ service: name, pool: of }) => [of, cells.share(name, of)]));
	};
	return { fleet, sink, shares, cells, events, slots, look };
}

const twoPools = async (changes: Partial<ServiceConfig> = {}) =>
	service('videos', null, {
		pools: [pool('primary', await addresses(4)), pool('standby', await addresses(1), { priority: 2, region: 'west' })],
		failover: { ...DEFAULT_FAILOVER, holdMs: 0 },
		...changes,
	});

test('what is taken out on the board alone counts too: an ejected instance, an open breaker', async () => {
	const { sink, slots, look, events } = await running(await twoPools());
	assert.deepEqual(look(), { primary: 1000, standby: 0 });
	const [one, two, three] = slots('primary') as [number, number, number];
	for (const slot of [one, two]) sink.board.setState(slot, SlotState.down);
	assert.deepEqual(look(), { primary: 714, standby: 286 });
	sink.board.setWeight(three, 0);
	assert.deepEqual(look(), { primary: 357, standby: 643 });
	for (const slot of [one, two]) sink.board.setState(slot, SlotState.ready);
	sink.board.setWeight(three, 1000);
	assert.deepEqual(look(), { primary: 1000, standby: 0 });
	assert.deepEqual(events, [
		'warn videos: 29 % of the traffic goes to standby: 2 of 4 instances of primary are ready',
		'warn videos: 64 % of the traffic goes to standby: 1 of 4 instances of primary are ready',
		'info videos: all of the traffic goes to primary again: 4 of 4 of its instances are ready',
	]);
});

test('pools of one priority share by their weight and by what their instances weigh now', async () => {
	const pools = [pool('a', await addresses(2)), pool('b', await addresses(1), { weight: 3 })];
	const { sink, slots, look, events } = await running(await twoPools({ pools }));
	sink.board.setWeight(slots('b')[0] as number, 2000);
	assert.deepEqual(look(), { a: 250, b: 750 });
	sink.board.setWeight(slots('b')[0] as number, 200);
	assert.deepEqual(look(), { a: 769, b: 231 });
	assert.deepEqual(events, []);
});

test('a drained region has no share, and has it back at once', async () => {
	const pools = [pool('a', await addresses(1), { region: 'east' }), pool('b', await addresses(1), { region: 'west' })];
	const { fleet, look } = await running(await twoPools({ pools, failover: { ...DEFAULT_FAILOVER, holdMs: 60_000 } }));
	assert.deepEqual(look(), { a: 500, b: 500 });
	const lines: string[] = [];
	await fleet.orders.drainRegion('west', false, (line) => lines.push(line));
	assert.deepEqual(lines, [
		'region west takes no more requests; 0 in flight at 1 instance',
		'region west is drained; its instances keep running',
	]);
	assert.deepEqual(look(), { a: 1000, b: 0 });
	await assert.rejects(
		fleet.orders.drainRegion('east', false, () => {}),
		{ code: 'bad_command' },
	);
	await fleet.orders.drainRegion('east', true, () => {});
	fleet.orders.undrainRegion('east');
	fleet.orders.undrainRegion('west');
	assert.deepEqual(look(), { a: 500, b: 500 });
	assert.throws(() => fleet.orders.undrainRegion('north'), { code: 'unknown_region' });
});

test('a service that has one pool is left alone, and what is known of one that goes is forgotten', async () => {
	const [two, one] = [await twoPools(), service('other', await addresses(1))];
	const { cells, shares, look, slots, sink, events } = await running(two, one);
	look();
	assert.equal(cells.share('other', 'main'), 0);
	for (const slot of slots('primary')) sink.board.setState(slot, SlotState.down);
	shares.configure([one]);
	shares.look();
	assert.equal(cells.share('videos', 'primary'), 1000, 'nobody writes it any more');
	shares.configure([two, one]);
	shares.look();
	assert.equal(cells.share('videos', 'primary'), 0);
	assert.equal(events.length, 1);
});

test('a pool keeps its cell while others come and go; a cell that is used again begins at nothing', () => {
	const cells = new ServiceCellsIndex();
	cells.poolCells('videos', ['main']);
	cells.setShare('videos', 'main', 1000);
	const main = cells.poolCells('videos', ['main']).get('main');
	for (let turn = 0; turn < 40; turn++) {
		const found = cells.poolCells('videos', [`next-${turn}`, 'main']);
		assert.equal(found.get('main'), main);
		assert.equal(cells.share('videos', `next-${turn}`), 0);
		cells.setShare('videos', `next-${turn}`, 100);
		const used = new Set(found.values());
		assert.equal(used.size, found.size);
		assert.ok([...used].every((cell) => cell < 16));
	}
	assert.equal(cells.share('videos', 'main'), 1000);
});
