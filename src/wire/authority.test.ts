import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAuthority } from './authority.ts';

const valid = (text: string): boolean => {
	const buffer = Buffer.from(`x${text}x`, 'latin1');
	return isAuthority(buffer, 1, buffer.length - 1);
};

/** RFC 3986 §3.2.2 and §3.2.3, as one expression. */
const GRAMMAR = /^(?:\[(?=[^\]]*:[^\]]*:)[0-9a-f:.]+\]|(?:[\w\-.~!$&'()*+,;=]|%[0-9a-f]{2})+)(?::\d*)?$/i;

test('hosts and ports as RFC 3986 has them', () => {
	const good = [
		'a',
		'a.example',
		'A-b_c.~',
		'1.2.3.4',
		'a:',
		'a:0',
		'a:65535',
		'[::]',
		'[::1]:8',
		'[1:2:3:4:5:6:7:8]',
		'[::ffff:1.2.3.4]',
		'%41',
		'a%7e:1',
	];
	const poor = [
		'',
		':',
		':1',
		'a:b',
		'a:1:',
		'a::1',
		'::1',
		'[',
		']',
		'[]',
		'[:]',
		'[::1',
		'::1]',
		'[::1]x',
		'[::1]]',
		'[[::1]',
		'[a]',
		'[v1.x]',
		'[fe80::1%25a]',
		'a@b',
		'a b',
		'a/b',
		'%',
		'%4',
		'%4:',
		'a%4x',
		'a\x00',
		'\xe4',
		'*:*:',
	];
	for (const text of good) assert.ok(valid(text), text);
	for (const text of poor) assert.ok(!valid(text), text);
});

test('every text of up to four telling characters is judged as by the grammar', () => {
	const alphabet = ['a', '1', ':', '.', '[', ']', '%', '/', '@', '-'];
	let texts = [''];
	for (let length = 1; length <= 4; length++) {
		texts = texts.flatMap((text) => alphabet.map((character) => text + character));
		for (const text of texts) assert.equal(valid(text), GRAMMAR.test(text), text);
	}
	for (let byte = 0; byte < 256; byte++) {
		const text = `a${String.fromCharCode(byte)}b`;
		assert.equal(valid(text), GRAMMAR.test(text), `byte ${byte}`);
	}
});
