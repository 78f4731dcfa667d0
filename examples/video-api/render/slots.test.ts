import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '../store/database.ts';
import { renderSlots } from './slots.ts';

test('the slots of a process that died are free again when its lease ends', (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'video-api-'));
	t.mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_000_000 });
	const databases = [openDatabase(folder), openDatabase(folder)] as const;
	t.after(() => {
		for (const db of databases) db.close();
		rmSync(folder, { recursive: true });
	});
	const [dies, lives] = [
		renderSlots(databases[0], { holder: 'dies', limit: 2 }),
		renderSlots(databases[1], { holder: 'lives', limit: 2 }),
	];
	assert.deepEqual(dies.take('a', 1_300_000), { taken: true });
	assert.deepEqual(lives.take('b', 1_200_000), { taken: true });
	assert.deepEqual(lives.take('c', 1_300_000), { taken: false, retryAfterMs: 200_000 });

	t.mock.timers.tick(60_000);
	assert.equal(lives.inUse(), 2, 'both renew their leases');
	dies.close();
	t.mock.timers.tick(9_000);
	assert.equal(lives.inUse(), 2);
	t.mock.timers.tick(3_000);
	assert.equal(lives.inUse(), 1);
	assert.deepEqual(lives.take('c', 1_300_000), { taken: true });
	lives.release('b');
	lives.release('c');
	assert.equal(lives.inUse(), 0);
	lives.close();
});
