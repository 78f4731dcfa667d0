import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { StoreCalls, StoreSettings } from './store-messages.ts';
import { StoreRoom } from './store-room.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-room-'));
const rooms: StoreRoom[] = [];
after(() => {
	for (const room of rooms) room.close();
	rmSync(root, { recursive: true });
});

const range = { fromMs: 0, toMs: Date.now() + 60_000 };

function roomIn(folder: string): StoreRoom {
	const room = new StoreRoom(() => {});
	const settings: StoreSettings = {
		folder,
		logs: {
			access: null,
			redact: null,
			keepMs: 86_400_000,
			keepBytes: 1e9,
			slowMs: 1000,
			sample: 1,
			forward: [],
		},
		traces: { keepMs: 86_400_000, maxBytesPerDay: 1e8 } as StoreSettings['traces'],
		rollups: { minuteMs: 1, fiveMinuteMs: 1, hourMs: 1 } as unknown as StoreSettings['rollups'],
		passOn: { entries: false, spans: false },
	};
	room.take({ type: 'configure', settings });
	rooms.push(room);
	return room;
}

const ask = async (room: StoreRoom, name: keyof StoreCalls, ...args: unknown[]) => await room.call(name, args);
const QUESTIONS: readonly (readonly [keyof StoreCalls, ...unknown[]])[] = [
	['search', { query: '', ...range }],
	['histogram', { query: 'word', ...range }],
	['top', { query: '', field: 'route', ...range }],
	['analytics', range],
	['exportPart', { query: '', ...range }, 'token'],
];

test('a store that is not there yet has nothing; one that cannot be used says so, whatever is asked', async () => {
	const fresh = roomIn(join(root, 'fresh'));
	assert.deepEqual(((await ask(fresh, 'search', { query: '', ...range })) as { entries: unknown[] }).entries, []);
	assert.deepEqual(await ask(fresh, 'trace', 'a'.repeat(32)), []);

	const path = join(root, 'a-file');
	writeFileSync(path, '');
	const unusable = roomIn(path);
	for (const question of QUESTIONS)
		await assert.rejects(
			ask(unusable, ...question),
			{ code: 'store_unusable', message: /^the logs cannot be read: .*ENOTDIR/ },
			question[0],
		);
	await assert.rejects(ask(unusable, 'trace', 'a'.repeat(32)), {
		code: 'store_unusable',
		message: /^the traces cannot be read: .*ENOTDIR/,
	});
});

test('files that are damaged are said to be, unless another one still answers', async () => {
	const folder = join(root, 'damaged');
	mkdirSync(join(folder, 'logs'), { recursive: true });
	mkdirSync(join(folder, 'traces'));
	const day = (at: number) => new Date(at).toISOString().slice(0, 10);
	const before = day(Date.now() - 3 * 86_400_000);
	writeFileSync(join(folder, 'logs', `logs-${before}.db`), 'x'.repeat(10_000));
	writeFileSync(join(folder, 'traces', `traces-${before}.db`), 'x'.repeat(10_000));
	const room = roomIn(folder);
	for (const question of QUESTIONS)
		await assert.rejects(
			ask(room, ...question),
			{ code: 'store_unusable', message: /the logs cannot be read: .*not a database/ },
			question[0],
		);
	await assert.rejects(ask(room, 'trace', 'a'.repeat(32)), { code: 'store_unusable', message: /not a database/ });
	const entry = { timeMs: Date.now(), severity: 'info', source: 'event', service: '', instance: '' } as const;
	room.take({ type: 'entries', entries: [{ ...entry, message: 'begun anew', traceId: '', spanId: '', fields: {} }] });
	const found = (await ask(room, 'search', { query: 'anew', ...range })) as { entries: { message: string }[] };
	assert.deepEqual(
		found.entries.map(({ message }) => message),
		['begun anew'],
	);
});
