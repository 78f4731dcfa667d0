import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalsLower, HEX, LOWER, REG_NAME, TARGET, TOKEN, VALUE } from './bytes.ts';

const CLASSES: [string, Uint8Array, RegExp][] = [
	['token (RFC 9110 §5.6.2)', TOKEN, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/],
	['field value (RFC 9110 §5.5)', VALUE, /^[\t\x20-\x7e\x80-\xff]$/],
	['request target', TARGET, /^[!"$-~]$/],
	['host’s name (RFC 3986 §3.2.2)', REG_NAME, /^[A-Za-z0-9\-._~!$&'()*+,;=]$/],
];

for (const [name, table, expected] of CLASSES) {
	test(`bytes of a ${name}`, () => {
		assert.equal(table.length, 256);
		for (let byte = 0; byte < 256; byte++) {
			assert.equal(table[byte] === 1, expected.test(String.fromCharCode(byte)), `byte ${byte}`);
		}
	});
}

test('hexadecimal digits and lower case', () => {
	for (let byte = 0; byte < 256; byte++) {
		const character = String.fromCharCode(byte);
		assert.equal(HEX[byte], /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(character, 16) : 255);
		assert.equal(LOWER[byte], /^[A-Z]$/.test(character) ? character.toLowerCase().charCodeAt(0) : byte);
	}
});

test('names are compared without regard to letter case, and to nothing else', () => {
	const name = Buffer.from('keep-alive');
	for (const text of ['keep-alive', 'KEEP-ALIVE', 'Keep-Alive', 'kEEP-aLIVE']) {
		assert.ok(equalsLower(Buffer.from(`x${text}x`), 1, name), text);
	}
	// Each differs from it by the bit that letter case is.
	for (let i = 0; i < name.length; i++) {
		const other = Buffer.from(name);
		other[i] = (other[i] as number) ^ 0x20;
		assert.equal(
			equalsLower(other, 0, name),
			/[A-Z]/.test(String.fromCharCode(other[i] as number)),
			other.toString('latin1'),
		);
	}
	assert.equal(equalsLower(Buffer.from('keep-aliv'), 0, name), false, 'shorter than it');
});
