import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateCost } from './estimate-cost.ts';
import { jobSpend, readSpendKey, spendKey } from './job-spend.ts';
import type { PricePolicy, SpendPolicy } from './spend-policy.ts';
import { spendWindow } from './spend-window.ts';

const PRICE: PricePolicy = {
	each: 1000,
	perCharacter: 10,
	text: ['/script', '/variables'],
	otherwise: 77_000,
	times: null,
};
const body = (value: unknown) => ({ inline: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)) });

test('a job costs by its texts, or what is said where there are none that can be read', () => {
	const of = (value: unknown): number => estimateCost(PRICE, body(value));
	assert.equal(of({ script: 'Hello' }), 1050);
	assert.equal(of({ script: 'Hello', variables: { a: 'xx', b: ['y', { deep: 'zz' }, 5, null] } }), 1100);
	for (const none of [{}, { script: '' }, { script: 5 }, [], 'no JSON', '{"script":"cut'])
		assert.equal(of(none), 77_000);
	assert.equal(estimateCost(PRICE, null), 77_000);
	assert.equal(estimateCost(PRICE, { file: 'b-1', bytes: 100_000 }), 77_000);
	assert.equal(estimateCost({ ...PRICE, perCharacter: 0 }, null), 1000);
	// However deep it is.
	const deep = `${'['.repeat(20_000)}"x"${']'.repeat(20_000)}`;
	assert.equal(of(`{"script":${deep}}`), 77_000);
});

test('a job costs once for each member of a list, and what is said where that cannot be read', () => {
	const price: PricePolicy = { each: 400, perCharacter: 0, text: [], otherwise: 9000, times: '/output_languages' };
	const of = (value: unknown): number => estimateCost(price, body(value));
	assert.equal(of({ output_languages: ['a', 'b', 'c'] }), 1200);
	for (const one of [{}, { output_languages: [] }, { output_languages: 'a' }, { output_languages: { length: 7 } }, []])
		assert.equal(of(one), 400);
	assert.equal(of('no JSON'), 9000);
	assert.equal(estimateCost(price, { file: 'b-1', bytes: 100_000 }), 9000);
	const spoken = { ...price, perCharacter: 10, text: ['/script'] };
	assert.equal(estimateCost(spoken, body({ script: 'Hi', output_languages: ['a', 'b'] })), 840);
	assert.equal(estimateCost(spoken, body({ output_languages: ['a', 'b'] })), 18_000);
});

test('hours, days and months are those of UTC', () => {
	const at = (text: string): number => Date.parse(text);
	const of = (per: 'hour' | 'day' | 'month', text: string): string[] => {
		const { sinceMs, untilMs } = spendWindow(per, at(text));
		return [sinceMs, untilMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
	};
	assert.deepEqual(of('hour', '2026-11-28T17:59:59.999Z'), ['2026-11-28T17:00', '2026-11-28T18:00']);
	assert.deepEqual(of('day', '2026-11-28T00:00:00Z'), ['2026-11-28T00:00', '2026-11-29T00:00']);
	assert.deepEqual(of('month', '2026-12-31T23:59:59Z'), ['2026-12-01T00:00', '2027-01-01T00:00']);
	assert.deepEqual(of('month', '2028-02-29T12:00:00Z'), ['2028-02-01T00:00', '2028-03-01T00:00']);
});

test('a job counts for its tenant and for all; a named tenant has a limit of its own', () => {
	const policy: SpendPolicy = {
		...{ per: 'day', perTenant: 20, total: null, price: { ...PRICE, perCharacter: 0 }, failures: 'billed' },
		tenants: { acme: 5 },
	};
	const of = (tenant: string) =>
		jobSpend(policy, { service: 'heygen', tenant, body: null, nowMs: Date.UTC(2026, 10, 28, 17) });
	const all = { key: '["heygen","day"]', most: null };
	assert.deepEqual(of('acme'), {
		cost: 1000,
		sinceMs: Date.UTC(2026, 10, 28),
		of: [{ key: '["heygen","day","acme"]', most: 5 }, all],
	});
	for (const odd of ['', 'toString', '__proto__', '","day'])
		assert.deepEqual(of(odd).of[0], { key: spendKey('heygen', 'day', odd), most: 20 });
	assert.deepEqual(readSpendKey(spendKey('heygen', 'day', '","x')), { service: 'heygen', per: 'day', tenant: '","x' });
	assert.equal(readSpendKey(all.key)?.tenant, null);
});
