import type { Random } from '../../src/wire/testing/random.ts';

/** Bytes that mean something to some parser. */
const TELLING = [
	...[
		'\0',
		'\t',
		'\n',
		'\r',
		'\x0b',
		'\x0c',
		' ',
		'!',
		'"',
		'#',
		'%',
		'&',
		"'",
		'(',
		'*',
		'+',
		',',
		'-',
		'.',
		'/',
		'0',
		'1',
		'9',
		':',
		';',
		'=',
	],
	...[
		'@',
		'A',
		'F',
		'G',
		'X',
		'[',
		'\\',
		']',
		'_',
		'a',
		'f',
		'x',
		'{',
		'~',
		'\x7f',
		'\x80',
		'\x85',
		'\xa0',
		'\xb2',
		'\xff',
		'\r\n',
		'\n\n',
		'\r\r\n',
		'\r\n\r\n',
	],
	...['0\r\n\r\n', '\r\n ', '\r\n\t', ' :', ': ', '::', ', ', '%00', '%2e%2e', '../', '//', '0x', '00'],
];

const LINES = [
	'Host: b',
	'Content-Length: 3',
	'Content-Length: 0',
	'Transfer-Encoding: chunked',
	'Transfer-Encoding: identity',
	'Connection: close',
	'Connection: keep-alive',
	'X: y',
];

type Mutation = (text: string, random: Random) => string;

const replace = (text: string, from: number, to: number, by: string): string =>
	text.slice(0, from) + by + text.slice(to);

const MUTATIONS: Mutation[] = [
	// One byte becomes another, goes, or comes.
	(text, random) => {
		const at = random.int(text.length);
		return replace(text, at, at + 1, random.pick(TELLING));
	},
	(text, random) => {
		const at = random.int(text.length);
		return replace(text, at, at + 1, String.fromCharCode(random.int(256)));
	},
	(text, random) => {
		const at = random.int(text.length + 1);
		return replace(text, at, at, random.pick(TELLING));
	},
	(text, random) => {
		const at = random.int(text.length);
		return replace(text, at, at + 1 + random.int(4), '');
	},
	// Ends of lines are where parsers differ.
	(text, random) => {
		const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
		if (ends.length === 0) return text;
		const at = random.pick(ends);
		return replace(
			text,
			at,
			at + 2,
			random.pick(['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', ' \r\n', '\t\r\n', '\r\n ', '\r\n\t', '\0\r\n', '']),
		);
	},
	// A letter in its other case.
	(text, random) => {
		const at = random.int(text.length);
		const code = text.charCodeAt(at);
		return replace(text, at, at + 1, String.fromCharCode(code ^ 0x20));
	},
	// A piece twice, or elsewhere.
	(text, random) => {
		const from = random.int(text.length);
		const piece = text.slice(from, from + 1 + random.int(30));
		const at = random.int(text.length + 1);
		return replace(text, at, at, piece);
	},
	// One more field line.
	(text, random) => {
		const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index);
		if (ends.length === 0) return text;
		const at = random.pick(ends);
		return replace(text, at, at, `\r\n${random.pick(LINES)}`);
	},
	// A number a little off.
	(text, random) => {
		const numbers = [...text.matchAll(/\d+/g)];
		if (numbers.length === 0) return text;
		const { index, 0: digits } = random.pick(numbers);
		const by = random.pick([
			'0',
			'1',
			String(Number(digits) + 1),
			`0${digits}`,
			`+${digits}`,
			`${digits}0`,
			`${digits}, ${digits}`,
			'99999999999999999999',
			` ${digits}`,
			`${digits} `,
		]);
		return replace(text, index, index + digits.length, by);
	},
	// Its end is missing.
	(text, random) => text.slice(0, random.int(text.length)),
];

/** The text with one or a few things changed. */
export function mutate(text: string, random: Random): string {
	let mutated = text;
	do {
		if (mutated.length === 0) return mutated;
		mutated = random.pick(MUTATIONS)(mutated, random);
	} while (random.chance(0.4));
	return mutated;
}
