import fc from 'fast-check';

/** No half of a pair: UTF-8 has no bytes for it. */
const other = fc.oneof(fc.integer({ min: 0x80, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }));
const character = fc.oneof(
	fc.integer({ min: 0, max: 0x7f }),
	fc.integer({ min: 0x80, max: 0xff }),
	// Where what acts on a terminal stands.
	fc.integer({ min: 0x2000, max: 0x206f }),
	other,
);

/**
 * Text of any characters. (Those of fast-check, `unit: 'binary'`, are as many and take a second for each process,
 * since it lists all of Unicode.)
 */
export function anyText(maxLength = 20): fc.Arbitrary<string> {
	return fc.array(character, { maxLength }).map((codes) => String.fromCodePoint(...codes));
}
