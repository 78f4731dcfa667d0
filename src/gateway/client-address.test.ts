import assert from 'node:assert/strict';
import test from 'node:test';
import { RequestHead } from '../wire/request-head.ts';
import { clientAddress } from './client-address.ts';
import { Trust } from './forwarded.ts';

/** The client of a request that came from this peer with these lines; 10.0.0.0/8 is trusted. */
function clientOf(peer: string, ...lines: string[]): string {
	const buffer = Buffer.from(`GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1');
	const head = new RequestHead(20);
	assert.equal(head.parse(buffer, 0, buffer.length, 100), buffer.length);
	const trust = new Trust(['10.0.0.0/8']);
	return clientAddress({ buffer, head, client: { trusted: trust.has(peer), address: peer }, plane: { trust } });
}

test('a peer that is not trusted is the client, whatever it says', () => {
	assert.equal(clientOf('1.1.1.1', 'X-Forwarded-For: 2.2.2.2'), '1.1.1.1');
});

test('behind trusted proxies it is the first from the right that is not one of them', () => {
	assert.equal(clientOf('10.0.0.1'), '10.0.0.1');
	assert.equal(clientOf('10.0.0.1', 'X-Forwarded-For: 2.2.2.2'), '2.2.2.2');
	assert.equal(clientOf('10.0.0.1', 'X-Forwarded-For: 3.3.3.3, 2.2.2.2, 10.0.0.2'), '2.2.2.2');
	assert.equal(clientOf('10.0.0.1', 'X-Forwarded-For: 3.3.3.3, none, 10.0.0.2'), '10.0.0.2');
});

test('a line that the client sent itself does not hide the one that its proxy added', () => {
	const lines = ['X-Forwarded-For: 3.3.3.3', 'X-Other: 1', 'x-forwarded-for: 2.2.2.2'];
	assert.equal(clientOf('10.0.0.1', ...lines), '2.2.2.2');
	assert.equal(clientOf('10.0.0.1', ...lines, 'X-FORWARDED-FOR: 10.0.0.9'), '2.2.2.2');
});
