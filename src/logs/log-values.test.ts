import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diskFault, inTransaction, openDatabase } from '../core/database.ts';
import { entryOfAccess } from './access-row.ts';
import { analytics } from './analytics.ts';
import { botOf } from './bots.ts';
import { LogStore } from './log-store.ts';
import { percentiles, top } from './log-values.ts';
import { toEnd } from './steps.ts';
import { accessEntry, logEntry } from './testing-entries.ts';
import { TopCounts } from './top-counts.ts';

const NOW = Date.UTC(2026, 5, 10, 12);
const folder = mkdtempSync(join(tmpdir(), 'ballast-values-'));
const store = new LogStore({
	folder,
	keepMs: 86_400_000,
	keepBytes: 1e9,
	databases: { open: openDatabase, inTransaction, diskFault },
	tell: (problem) => assert.fail(problem),
	now: () => NOW,
});
after(() => {
	store.close();
	rmSync(folder, { recursive: true });
});
const range = { fromMs: NOW - 3_600_000, toMs: NOW };

/** Durations with two humps and a heavy tail, ms; of the fast ones a tenth is kept and stands for ten. */
const durations = Array.from({ length: 5000 }, (_, at) =>
	at % 2 === 0 ? 5 + (at % 97) / 10 : at % 50 === 1 ? 2000 + at : 180 + (at % 89),
);
store.put(
	durations.flatMap((ms, at) => {
		const fast = ms < 1000;
		if (fast && at % 10 > 1) return [];
		const request = accessEntry({
			timeMs: NOW - (at % 3600) * 1000,
			durationUs: ms * 1000,
			status: at % 50 === 1 ? 504 : 200,
			error: at % 50 === 1 ? 'first_byte_timeout' : '',
			route: at % 4 === 1 ? 'slow' : 'fast',
			address: `192.0.2.${at % 7}`,
			userAgent: at % 5 === 0 ? 'Mozilla/5.0 (compatible; Googlebot/2.1)' : 'curl/8.9',
		});
		return [entryOfAccess({ ...request, weight: fast ? 5 : 1 })];
	}),
);
store.put([
	logEntry('x', { fields: { user: 'a', size: 3, duration_s: 'text' } }),
	logEntry('y', { fields: { user: 'b', size: 5 } }),
	logEntry('z', { fields: { user: 'a', size: 'big' } }),
]);
store.put([entryOfAccess(accessEntry({ timeMs: NOW - 5_400_000, route: 'slow', durationUs: 1e6, weight: 100 }))]);

test('top values count what a sampled entry stands for', () => {
	const ask = (query: string, field: string, limit = 10) => toEnd(top(store.files, { query, field, limit, ...range }));
	assert.deepEqual(ask('', 'user'), {
		values: [
			{ value: 'a', count: 2 },
			{ value: 'b', count: 1 },
		],
		others: 0,
		whole: true,
	});
	assert.deepEqual(ask('source:instance', 'level').values, [{ value: 'info', count: 3 }]);
	const statuses = ask('source:access', 'status');
	assert.deepEqual(
		statuses.values,
		[
			{ value: '200', count: 4500 },
			{ value: '504', count: 100 },
		].map((one, at) => ({ ...one, count: statuses.values[at]?.count })),
	);
	assert.equal(statuses.values[1]?.count, 100);
	assert.equal(ask('source:access', 'address', 2).values.length, 2);
	assert.ok(ask('source:access', 'address', 2).others > 1000);
	assert.deepEqual(
		ask('time-out', 'route').values.map(({ value }) => value),
		['fast', 'slow'],
	);
	assert.deepEqual(ask('byte timeout', 'error').values, [{ value: 'first_byte_timeout', count: 100 }]);
	assert.throws(() => ask('', "x'; DROP TABLE entry; --"), { code: 'bad_query' });
	assert.throws(() => ask('', '$."x'), { code: 'bad_query' });
});

test('weighted percentiles are within 1 % of the exact ones', () => {
	const kept = durations.filter((ms, at) => !(ms < 1000 && at % 10 > 1));
	const exact = kept.flatMap((ms) => (ms < 1000 ? new Array(5).fill(ms) : [ms]) as number[]).sort((a, b) => a - b);
	const answer = toEnd(percentiles(store.files, { query: 'source:access', field: 'duration', ...range }));
	assert.equal(answer.count, exact.length);
	for (const [at, share] of [0.5, 0.9, 0.95, 0.99, 0.999].entries()) {
		const expected = (exact[Math.ceil(share * exact.length) - 1] as number) / 1000;
		const found = answer.values[at] as number;
		assert.ok(Math.abs(found - expected) <= expected * 0.01, `p${share * 100}: ${found}, exactly ${expected}`);
	}
	const sizes = toEnd(percentiles(store.files, { query: '', field: 'size', shares: [0.5, 1], ...range }));
	assert.deepEqual([sizes.count, sizes.min, sizes.max, sizes.mean], [2, 3, 5, 4]);
	const none = toEnd(percentiles(store.files, { query: '', field: 'nothing', ...range }));
	assert.deepEqual(none.values, [null, null, null, null, null]);
});

test('traffic: routes, clients, bots, slowest, and the period before', () => {
	const answer = toEnd(analytics(store.files, { ...range, limit: 3 }));
	assert.equal(answer.whole, true);
	assert.equal(answer.all.errors, 100);
	assert.equal(answer.before.requests, 100);
	const slow = answer.routes.find(({ route }) => route === 'slow');
	assert.ok(
		(slow?.p95 as number) > 0.17 && slow?.before.requests === 100 && Math.abs((slow.before.p50 as number) - 1) < 0.01,
	);
	assert.deepEqual(
		answer.statuses.map(({ status }) => status),
		[200, 504],
	);
	assert.equal(answer.clients.length, 3);
	assert.deepEqual(
		answer.bots.map(({ value }) => value),
		['Googlebot'],
	);
	assert.equal(answer.slowest.length, 3);
	assert.equal(answer.slowest[0]?.fields['duration_s'], (2000 + 4951) / 1000);
	const only = toEnd(analytics(store.files, { ...range, query: 'route:slow OR route:none' }));
	assert.deepEqual(
		only.routes.map(({ route }) => route),
		['slow'],
	);
});

test('bots by their user agent', () => {
	assert.equal(botOf('Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2)'), 'GPTBot');
	assert.equal(botOf('MyCrawler/1.0'), 'other bots');
	assert.equal(botOf('Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'), null);
});

test('a million values keep the big ones, in bounded memory', () => {
	const counts = new TopCounts(100);
	for (let at = 0; at < 20_000; at++) {
		counts.add(`v${at}`, 1);
		if (at % 2 === 0) counts.add('big', 1);
	}
	const { values, others } = counts.top(1);
	assert.deepEqual(values, [{ value: 'big', count: 10_000 }]);
	assert.equal(others, 20_000);
	assert.ok([...counts.entries()].length <= 201);
});
