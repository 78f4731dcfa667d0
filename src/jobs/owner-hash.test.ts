import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { GroupRoom } from './group-room.ts';
import { OwnerHash } from './owner-hash.ts';

test('an owner is the same under the same secret, another under another one, and never what came in', async () => {
	const secret = randomBytes(32);
	const [one, same, other] = [secret, secret, randomBytes(32)].map((bytes) => new OwnerHash(async () => bytes));
	const hash = await one?.owner('credential');
	assert.match(hash ?? '', /^[A-Za-z0-9_-]{22}$/);
	assert.equal(hash, await same?.owner('credential'));
	assert.notEqual(hash, await other?.owner('credential'));
	assert.equal(await one?.owner(''), '');
	assert.equal(one?.ready(), null);
	assert.equal(one?.ownerNow('credential'), hash, 'at once, too');
	assert.notEqual(one?.recordNow('credential').slice(0, 22), hash);
	assert.equal(await one?.isOwned(hash ?? '', ['x', 'credential']), true);
	assert.equal(await one?.isOwned(hash ?? '', ['x']), false);
	assert.equal(await one?.isOwned('', []), true, 'nobody’s in particular');
});

test('a secret that cannot be had is asked for again', async () => {
	let asked = 0;
	const owners = new OwnerHash(async () => {
		if (asked++ === 0) throw new Error('no store');
		return randomBytes(32);
	});
	await assert.rejects(owners.owner('a'), /no store/);
	assert.equal((await owners.owner('a')).length, 22);
	await owners.owner('b');
	assert.equal(asked, 2);
});

test('groups beyond those that there is room for share one, for an hour', () => {
	const room = new GroupRoom(2);
	assert.deepEqual(
		['a', 'b', 'c', 'a', ''].map((group) => room.of('q', group, 0)),
		['a', 'b', '', 'a', ''],
	);
	assert.equal(room.of('other', 'c', 0), 'c');
	assert.equal(room.of('q', 'c', 3_600_001), 'c');
});
