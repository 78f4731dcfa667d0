import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Addressed } from '../../gateway/client-address.ts';
import { Trust } from '../../gateway/forwarded.ts';
import { StreamRoom, tenantOf } from './stream-room.ts';

/** How many of so many tries were let in. */
function entered(room: StreamRoom, tenant: string, tries: number, most: number): number {
	let count = 0;
	for (let i = 0; i < tries; i++) if (room.enter(tenant, most)) count++;
	return count;
}

test('no tenant has more than half, however many it wants, and others still find room', () => {
	const room = new StreamRoom();
	assert.equal(entered(room, 'greedy', 1000, 100), 50);
	assert.equal(entered(room, 'second', 1000, 100), 25);
	assert.ok(entered(room, 'third', 1000, 100) >= 12);
	assert.ok(room.enter('new', 100));
	for (let i = 0; i < 50; i++) room.leave('greedy');
	assert.ok(entered(room, 'second', 1000, 100) > 0);
	room.leave('nobody');
	assert.ok(room.enter('greedy', 100));
});

test('never more than all may have, and one where there is room for one', () => {
	const room = new StreamRoom();
	assert.equal(entered(room, 'a', 5, 1), 1);
	assert.equal(entered(room, 'b', 5, 1), 0);
	const many = new StreamRoom();
	let all = 0;
	for (let i = 0; i < 500; i++) all += entered(many, `t${i}`, 3, 100);
	assert.equal(all, 100);
	assert.equal(entered(many, 'one', 5, 0), 0);
});

test('a tenant is a group, else a credential, else a client: not the proxy in front, nor one of many addresses of a network', () => {
	const from = (address: string, told?: string): Addressed => ({
		buffer: Buffer.alloc(0),
		head: { fields: { list: () => told } as unknown as Addressed['head']['fields'] },
		client: { trusted: told !== undefined, address, addressField: '' },
		plane: { trust: new Trust(['10.0.0.0/8']) },
	});
	const nobodys = { group: '', owner: '' };
	assert.equal(tenantOf({ group: 'g', owner: 'o' }, from('192.0.2.1')), 'group g');
	assert.equal(tenantOf({ group: '', owner: 'o' }, from('192.0.2.1')), 'owner o');
	assert.equal(tenantOf(nobodys, from('192.0.2.1')), 'address 192.0.2.1');
	assert.equal(tenantOf(nobodys, from('10.0.0.1', '192.0.2.7')), 'address 192.0.2.7');
	assert.equal(tenantOf(nobodys, from('2001:db8::1')), tenantOf(nobodys, from('2001:db8::2')));
	assert.notEqual(tenantOf(nobodys, from('2001:db8::1')), tenantOf(nobodys, from('2001:db8:0:1::1')));
});
