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
	const cdn = { ranges: ['173.245.48.0/20', '2400:cb00::/32'], file: null, header: 'cf-connecting-ip' };
	const front = { ranges: ['192.0.2.0/24'], file: null, header: 'cloudfront-viewer-address' };
	const trust = new Trust(['10.0.0.0/8', cdn, front]);
	return clientAddress({
		buffer,
		head,
		client: { trusted: trust.has(peer), address: peer, addressField: trust.fieldOf(peer) },
		plane: { trust },
	});
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

test('a CDN tells it in a field of its own, and is alone believed about it', () => {
	assert.equal(clientOf('173.245.48.9', 'CF-Connecting-IP: 2.2.2.2', 'X-Forwarded-For: 6.6.6.6, 2.2.2.2'), '2.2.2.2');
	assert.equal(clientOf('2400:cb00::1', 'cf-connecting-ip: 2001:db8::7'), '2001:db8::7');
	assert.equal(clientOf('1.1.1.1', 'CF-Connecting-IP: 2.2.2.2'), '1.1.1.1', 'not a CDN');
	assert.equal(clientOf('10.0.0.1', 'CF-Connecting-IP: 2.2.2.2'), '10.0.0.1', 'a trusted proxy, but not that CDN');
	assert.equal(
		clientOf('10.0.0.1', 'CF-Connecting-IP: 6.6.6.6', 'X-Forwarded-For: 2.2.2.2, 173.245.48.9'),
		'2.2.2.2',
		'a proxy between the CDN and us',
	);
});

test('a field that says no address is as if it were not there', () => {
	for (const line of [
		'CF-Connecting-IP: none',
		'CF-Connecting-IP: 2.2.2.2, 3.3.3.3',
		'CF-Connecting-IP:',
		'CF-Connecting-IP: fe80::1%eth0',
	])
		assert.equal(clientOf('173.245.48.9', line, 'X-Forwarded-For: 4.4.4.4'), '4.4.4.4', line);
	assert.equal(clientOf('173.245.48.9', 'CF-Connecting-IP: 1.1.1.1', 'CF-Connecting-IP: 2.2.2.2'), '173.245.48.9');
});

test('CloudFront writes a port behind it', () => {
	assert.equal(clientOf('192.0.2.1', 'CloudFront-Viewer-Address: 198.51.100.10:46532'), '198.51.100.10');
	assert.equal(clientOf('192.0.2.1', 'CloudFront-Viewer-Address: 198.51.100.10'), '192.0.2.1', 'without one');
	assert.equal(
		clientOf('192.0.2.1', 'CloudFront-Viewer-Address: 2001:db8:85a3::8a2e:370:7334:46532'),
		'2001:db8:85a3::8a2e:370:7334',
	);
});
