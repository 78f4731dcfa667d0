import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf, keysUnder } from './purge-key.ts';
import { PurgeTables } from './purge-tables.ts';

const key = (text: string): Buffer => Buffer.from(text, 'latin1');

test('a URL means its keys of both schemes, with whatever else they hold', () => {
	const means = keysOf(['https://API.example.com/a?x=1&y=2']);
	for (const text of [
		'sapi.example.com/a?x=1&y=2',
		'hapi.example.com/a?x=1&y=2',
		'sapi.example.com/a?y=2&x=1',
		'sapi.example.com/a?x=1',
		'sapi.example.com/a',
		's*/a?x=1&y=2',
		'sapi.example.com/a?x=1&y=2 \x00\x01\x02\x03more',
	])
		assert.ok(means(key(text)), text);
	for (const text of [
		'sapi.example.com/a?x=2',
		'sapi.example.com/ab?x=1&y=2',
		'sother.example.com/a?x=1&y=2',
		'sapi.example.com/a?x=1&y=2&z=3',
		'sapi.example.com:8443/a',
	])
		assert.ok(!means(key(text)), text);
});

test('it means them in whatever spelling clients sent them', () => {
	const means = keysOf(["https://a.example/films('7')/ä b?$filter=name eq 'x'&q={1|2}"]);
	for (const text of [
		"sa.example/films('7')/\xc3\xa4%20b?$filter=name%20eq%20'x'&q={1|2}",
		'sa.example/films(%277%27)/%c3%a4%20b?$filter=name%20eq%20%27x%27&q=%7B1%7c2%7D',
	])
		assert.ok(means(key(text)), text);
	assert.ok(!means(key("sa.example/films('8')/%c3%a4%20b")));
	const under = keysUnder(["a.example/films('7')/"]);
	assert.ok(under(key('sa.example/films(%277%27)/x')) && under(key("s*/films('7')/x")));
});

test('a prefix means what begins with its host and path, and not what another host says in its path', () => {
	const means = keysUnder(['http://api.example.com/v1/']);
	assert.ok(means(key('sapi.example.com/v1/a')) && means(key('h*/v1/b?c')));
	assert.ok(!means(key('sapi.example.com/v2/a')) && !means(key('sevil.example/api.example.com/v1/')));
	assert.ok(keysUnder(['api.example.com'])(key('hapi.example.com/x')));
	const host = keysUnder(['API.example.com']);
	assert.ok(host(key('h*/x')) && host(key('hapi.example.com:8080/x')), 'a host is all of it');
	assert.ok(!host(key('hapi.example.com.evil/x')) && !host(key('hapi.example.comx/y')));
});

test('of several, each is meant, and none by the parameters of another', () => {
	const means = keysOf(['https://a.example/x?one=1', 'https://a.example/x?two=2', 'https://b.example/y']);
	for (const text of ['sa.example/x?one=1', 'sa.example/x?two=2', 'hb.example/y']) assert.ok(means(key(text)), text);
	for (const text of ['sa.example/x?one=1&two=2', 'sb.example/x', 'sa.example/y']) assert.ok(!means(key(text)), text);
	const under = keysUnder(['a.example/v1/', 'b.example']);
	assert.ok(under(key('ha.example/v1/x')) && under(key('hb.example/z')) && !under(key('ha.example/v2')));
});

test('however a URL is written, it is one', () => {
	const written: readonly [url: string, keys: readonly string[]][] = [
		['http://a.example/~x', ['ha.example/~x', 'ha.example/%7ex', 'ha.example/%7Ex', 'sa.example:443/%7ex']],
		['https://a.example:443/%41%2fb', ['ha.example/A%2Fb', 'ha.example/%41%2fb', 'sa.example/A%2Fb']],
		['http://A.EXAMPLE:80/{a}|"b"', ['ha.example/{a}|"b"', 'ha.example/%7Ba%7D%7C%22b%22', 'h*/{a}%7c"b"']],
		['http://a.example/é', ['ha.example/%c3%a9', 'ha.example/\xc3\xa9']],
		["http://a.example/x?a='b'&%63=d", ["ha.example/x?a='b'", 'ha.example/x?c=d&a=%27b%27', 'ha.example/x']],
		['http://a.example/x?', ['ha.example/x', 'ha.example/x?']],
		['http://a.example/b/../c/%2e%2e/d', ['ha.example/d']],
	];
	for (const [url, keys] of written) {
		const own = new PurgeTables(PurgeTables.create());
		own.mark({ urls: [url] }, 1000, false);
		for (const each of keys) {
			assert.ok(keysOf([url])(key(each)), `${url} ${each}`);
			assert.ok(own.isPurged(key(each), [], 1000), `${url} ${each}`);
		}
		for (const other of ['ha.example/x/', 'ha.example/%2541%2Fb', 'ha.example/A/b', 'ha.example//d']) {
			assert.ok(!keysOf([url])(key(other)), `${url} ${other}`);
			assert.ok(!own.isPurged(key(other), [], 1000), `${url} ${other}`);
		}
	}
	const under = keysUnder(['https://a.example:443/%7ex/{1}/']);
	assert.ok(under(key('ha.example/~x/{1}/y')) && under(key('sa.example/%7Ex/%7b1%7d/')));
	assert.ok(!under(key('sa.example/~x/1/')));
});
