import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseRanges } from './address-ranges.ts';
import { Trust } from './forwarded.ts';

test('one a line, with comments, blank lines and Windows line ends', () => {
	assert.deepEqual(parseRanges('# Cloudflare\r\n173.245.48.0/20\r\n\r\n  2400:CB00::/32 # six\n192.0.2.7\n::1\n'), [
		'173.245.48.0/20',
		'2400:cb00::/32',
		'192.0.2.7/32',
		'::1/128',
	]);
});

test('the JSON of Cloudflare, of Fastly, and a list', () => {
	const cloudflare = { result: { ipv4_cidrs: ['173.245.48.0/20'], ipv6_cidrs: ['2400:cb00::/32'] }, success: true };
	assert.deepEqual(parseRanges(JSON.stringify(cloudflare)), ['173.245.48.0/20', '2400:cb00::/32']);
	const fastly = { addresses: ['23.235.32.0/20'], ipv6_addresses: ['2a04:4e40::/32'] };
	assert.deepEqual(parseRanges(JSON.stringify(fastly)), ['23.235.32.0/20', '2a04:4e40::/32']);
	assert.deepEqual(parseRanges('["10.0.0.0/8", "10.0.0.0/8"]'), ['10.0.0.0/8']);
	for (const text of ['\ufeff["10.0.0.0/8"]', '\ufeff10.0.0.0/8']) assert.deepEqual(parseRanges(text), ['10.0.0.0/8']);
});

test('of AWS only CloudFront, and of that what asks origins: the rest are customers', () => {
	const rows = [
		{ ip_prefix: '3.5.140.0/22', region: 'ap-northeast-2', service: 'AMAZON' },
		{ ip_prefix: '13.32.0.0/15', region: 'GLOBAL', service: 'CLOUDFRONT' },
	];
	const facing = { ip_prefix: '120.52.22.96/27', region: 'GLOBAL', service: 'CLOUDFRONT_ORIGIN_FACING' };
	const six = [{ ipv6_prefix: '2600:9000::/28', region: 'GLOBAL', service: 'CLOUDFRONT' }];
	assert.deepEqual(parseRanges(JSON.stringify({ prefixes: rows, ipv6_prefixes: six })), [
		'13.32.0.0/15',
		'2600:9000::/28',
	]);
	assert.deepEqual(parseRanges(JSON.stringify({ prefixes: [...rows, facing], ipv6_prefixes: six })), [
		'120.52.22.96/27',
	]);
	assert.equal(parseRanges(JSON.stringify({ prefixes: rows.slice(0, 1) })), 'it has none of CloudFront');
});

test('what cannot be used says why', () => {
	const wrong: [string, RegExp][] = [
		['', /there is none/],
		['# nothing\n', /there is none/],
		['[]', /there is none/],
		['<html>503</html>', /number 1 is no range/],
		['10.0.0.0/8\n10.0.0.0/33', /number 2 is no range/],
		['10.0.0.0/8/8', /is no range/],
		['fe80::1%eth0', /is no range/],
		['0.0.0.0/0', /wider than \/8/],
		['::/0', /wider than \/19/],
		['{"error":"rate limited"}', /not that of Cloudflare/],
		['{"result":null}', /not that of Cloudflare/],
		['{"prefixes":[null,7]}', /none of CloudFront/],
		['{"addresses":[7]}', /number 1 is no range/],
		['{', /is none$/],
		['10.0.0.1\n'.repeat(5001), /5000 are the most/],
	];
	for (const [text, says] of wrong) {
		const found = parseRanges(text);
		assert.ok(typeof found === 'string', text);
		assert.match(found, says);
	}
});

test('property: whatever stands in a file is refused or can be asked', () => {
	const part = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 8 }), fc.constantFrom('/', '\n', '{', '"', '/24'));
	fc.assert(
		fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
			const found = parseRanges(parts.join(''));
			if (typeof found !== 'string') new Trust(found).has('10.0.0.1');
		}),
		{ numRuns: 500 },
	);
});
