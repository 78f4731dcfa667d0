import assert from 'node:assert/strict';
import test from 'node:test';
import type { RateLimitPolicy } from '../gateway/config.ts';
import { gcraScale } from '../resilience/gcra-scale.ts';
import { GcraTable } from '../resilience/gcra-table.ts';
import type { Event } from './event-log.ts';
import { service } from './fleet-testing.ts';
import { limitKey, type ServicePlan } from './plan.ts';
import { RateLimitTables } from './rate-limit-tables.ts';

const limit = (changes: Partial<RateLimitPolicy> = {}): RateLimitPolicy => ({
	name: 'n',
	of: 'service',
	count: 10,
	perMs: 1000,
	burst: 10,
	key: [{ from: 'address' }],
	from: 'trusted',
	full: 'admit',
	entries: 1000,
	...changes,
});

/** A service with this limit, and two routes: one has it too, the other its own. */
function limited(name: string, shared: RateLimitPolicy): ServicePlan {
	const plain = service(name, null, { rateLimit: [shared] });
	const routes = [[shared], [limit({ of: 'route' })]].map((rateLimit, at) => ({
		...plain,
		name: `/${at}`,
		match: { host: null, path: `/${at}`, methods: null, header: null },
		respond: null,
		redirect: null,
		rateLimit,
	}));
	return { ...plain, routes } as unknown as ServicePlan;
}

function tables() {
	const events: Event[] = [];
	return { events, tables: new RateLimitTables((event) => events.push(event)) };
}

test('one memory for all routes that share a limit, and the same again while it stays as it is', () => {
	const { tables: all } = tables();
	const services = [limited('a', limit()), limited('b', limit())];
	const rateLimits = all.of(services);
	assert.deepEqual(
		Object.keys(rateLimits.tables),
		['a', 'b'].flatMap((name) => [limitKey(name, '/0', limit()), limitKey(name, '/1', limit({ of: 'route' }))]),
	);
	assert.equal(new Set(Object.values(rateLimits.tables)).size, 4);
	all.adopt({ services, rateLimits });
	// One that is never adopted leaves nothing.
	all.of([limited('a', limit({ count: 11 }))]);
	const next = [limited('a', limit()), limited('b', limit({ count: 11 }))];
	const again = all.of(next);
	assert.deepEqual(again.hashKey, rateLimits.hashKey);
	const same = Object.entries(again.tables).map(([key, memory]) => rateLimits.tables[key] === memory);
	assert.deepEqual(same, [true, true, false, true]);
	all.adopt({ services: next, rateLimits: again });
	// What was gone for a while begins anew.
	const key = limitKey('b', '/0', limit());
	assert.notEqual(all.of(services).tables[key], rateLimits.tables[key]);
});

test('two nodes do not hash alike', () => {
	assert.notDeepEqual(tables().tables.of([]).hashKey, tables().tables.of([]).hashKey);
});

test('256 looks sweep a whole table, so that no time comes round', () => {
	const { tables: all } = tables();
	const one = limit();
	const services = [limited('a', one)];
	const rateLimits = all.of(services);
	all.adopt({ services, rateLimits });
	const table = new GcraTable(rateLimits.tables[limitKey('a', '*', one)] as SharedArrayBuffer, one);
	const begin = 1000;
	for (let i = 0; i < 500; i++) table.take(i + 1, Math.imul(i, 0x9e3779b1), begin);
	assert.ok(table.used(begin) > 450);
	const round = 2 ** 32 / gcraScale(one.count, one.perMs, one.burst).ticksPerMs;
	const looks = 3 * 256;
	for (let look = 1; look < looks; look++) all.look(begin + (look * round) / looks);
	assert.equal(table.used(begin + round), 0);
});

test('what is refused is shown, and told by name', () => {
	const { events, tables: all } = tables();
	const services = [limited('a', limit())];
	const rateLimits = all.of(services);
	all.adopt({ services, rateLimits });
	const own = limit({ of: 'route' });
	const table = new GcraTable(rateLimits.tables[limitKey('a', '/1', own)] as SharedArrayBuffer, own);
	for (let i = 0; i < 13; i++) table.take(1, 1, 1000);
	all.look(1000);
	all.look(2000);
	const text = 'rate limit n of /1 refuses requests: 3 over 10/s with a burst of 10';
	assert.deepEqual(events, [{ level: 'warn', subject: 'a', text }]);
	assert.deepEqual(
		all.view('a').map(({ name, route, refused, entries }) => [name, route, refused, entries]),
		[
			['n', null, 0, 1000],
			['n', '/1', 3, 1000],
		],
	);
	assert.deepEqual(all.view('b'), []);
});
