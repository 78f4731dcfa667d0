import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inTransaction, openDatabase } from '../core/database.ts';
import type { Span } from '../core/span.ts';
import { spansOf } from './spans-of.ts';
import { accessEntry, SPAN, TRACE } from './testing-entry.ts';
import { TraceStore, type TraceStoreOptions } from './trace-store.ts';

const NOON = Date.parse('2026-09-21T12:00:00Z');
const DAY = 86_400_000;

function storeIn(context: TestContext, differs: Partial<TraceStoreOptions> = {}): [TraceStore, string] {
	const folder = differs.folder ?? mkdtempSync(join(tmpdir(), 'ballast-traces-'));
	const store = new TraceStore(
		{ open: openDatabase, inTransaction },
		{ folder, keepDays: 3, maxBytesPerDay: 50_000_000, ...differs },
	);
	context.after(() => {
		store.close();
		rmSync(folder, { recursive: true, force: true });
	});
	return [store, folder];
}

const traceOf = (n: number): string => n.toString(16).padStart(32, '0');
const spanOf = (n: number, differs: Partial<Span> = {}): Span => ({
	traceId: traceOf(n),
	spanId: n.toString(16).padStart(16, '0'),
	parentId: '',
	name: `GET /${n}`,
	kind: 'server',
	startMs: NOON + n,
	endMs: NOON + n + 5,
	error: '',
	fields: { 'ballast.service': 'videos', 'upstream.attempts': 1, kept: true },
	...differs,
});

test('a trace is found by its id, by that of a span, and after a restart', (context) => {
	const [store, folder] = storeIn(context);
	const spans = spansOf(accessEntry({ queueUs: 1000 }));
	store.add(spans, NOON);
	const byStart = spans.toSorted((one, other) => one.startMs - other.startMs);
	assert.deepEqual(store.find(TRACE), byStart);
	assert.deepEqual(store.find(SPAN.toUpperCase()), byStart);
	store.close();
	const [again] = storeIn(context, { folder });
	assert.deepEqual(again.find(TRACE), byStart);
});

test('what is no id finds nothing', (context) => {
	const [store] = storeIn(context);
	for (const id of ['', 'x', "' OR 1", TRACE.slice(1), `${TRACE}00`, TRACE, SPAN]) assert.deepEqual(store.find(id), []);
});

test('a trace over midnight is found in both days; old days go', (context) => {
	const [store, folder] = storeIn(context);
	const late = spanOf(7, { spanId: 'b'.repeat(16) });
	store.add([spanOf(7)], NOON);
	store.add([late], NOON + DAY);
	assert.equal(store.find(traceOf(7)).length, 2);
	store.prune(NOON + 2 * DAY);
	assert.equal(store.find(traceOf(7)).length, 2);
	store.prune(NOON + 3 * DAY);
	assert.deepEqual(store.find(traceOf(7)), [late]);
	assert.deepEqual(
		readdirSync(folder).filter((file) => file.endsWith('.db')),
		['traces-2026-09-22.db'],
	);
	store.add([spanOf(8)], NOON - 5 * DAY);
	assert.equal(store.find(traceOf(8)).length, 1, 'a clock that is set back writes into the newest day');
});

test('the newest that are slow or failed', (context) => {
	const [store] = storeIn(context);
	store.add(
		[spanOf(1), spanOf(2, { endMs: NOON + 2000 }), spanOf(3, { error: '503' }), spanOf(4, { kind: 'client' })],
		NOON,
	);
	store.add([spanOf(5, { startMs: NOON + 50, endMs: NOON + 9000 })], NOON + DAY);
	const all = { fromMs: NOON, toMs: NOON + DAY, overMs: 0, failedOnly: false, limit: 10 };
	const ids = (differs: object): string[] => store.list({ ...all, ...differs }).map(({ traceId }) => traceId);
	assert.deepEqual(ids({}), [5, 3, 2, 1].map(traceOf));
	assert.deepEqual(ids({ overMs: 1000 }), [5, 2].map(traceOf));
	assert.deepEqual(ids({ failedOnly: true }), [traceOf(3)]);
	assert.deepEqual(ids({ limit: 1 }), [traceOf(5)]);
	assert.deepEqual(ids({ toMs: NOON + 2 }), [2, 1].map(traceOf));
	assert.deepEqual(store.list({ ...all, limit: 1 })[0], {
		traceId: traceOf(5),
		name: 'GET /5',
		service: 'videos',
		startMs: NOON + 50,
		durationMs: 8950,
		error: '',
	});
});

test('hostile spans are kept bounded or dropped, and a day has a size', (context) => {
	const [store] = storeIn(context, { maxBytesPerDay: 1_000_000 });
	store.add(
		[spanOf(1, { traceId: 'zz' }), spanOf(2, { startMs: Number.NaN }), spanOf(3, { spanId: traceOf(3) })],
		NOON,
	);
	assert.equal(store.dropped, 3);
	store.add([spanOf(4, { name: 'x'.repeat(1e6), fields: { big: 'y'.repeat(1e6) }, parentId: '"' })], NOON);
	const [kept] = store.find(traceOf(4));
	assert.deepEqual([kept?.name.length, kept?.fields, kept?.parentId], [256, { 'ballast.cut': true }, '']);
	for (let batch = 0; batch < 20; batch++) {
		store.add(
			Array.from({ length: 1000 }, (_, i) => spanOf(10 + batch * 1000 + i)),
			NOON,
		);
	}
	assert.ok(store.dropped > 10_000, `${store.dropped}`);
	store.add([spanOf(9)], NOON + DAY);
	assert.equal(store.find(traceOf(9)).length, 1, 'the next day is a new one');
});

test('the same span twice is kept once', (context) => {
	const [store] = storeIn(context);
	store.add([spanOf(1), spanOf(1)], NOON);
	store.add([spanOf(1)], NOON);
	assert.equal(store.find(traceOf(1)).length, 1);
});
