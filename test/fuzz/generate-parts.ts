/** What requests and responses are made of. */
import type { Random } from '../../src/wire/testing/random.ts';

const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n\n', '\r\n ', '\r\n\t', '\x0b\r\n', '\0\r\n', '\x85'];

export const lineEnd = (random: Random, odd: number): string => (random.chance(odd) ? random.pick(LINE_ENDS) : '\r\n');

export const separator = (random: Random, odd: number): string =>
	random.chance(odd) ? random.pick(['  ', '\t', '', ' \t', '\x0b', '\0']) : ' ';

const FIELDS = [
	'User-Agent: x/1.0 (y; z)',
	'Accept: */*',
	'accept-encoding: gzip, br',
	'Cookie: a=b; c=d',
	'Cookie: e=f',
	'X-Empty:',
	'X-White: \t a \t b \t',
	'X-Tight:a',
	'Connection: keep-alive',
	'Connection: close',
	'Connection: Keep-Alive, X-Tight',
	'Connection: close, x',
	'Connection: , close',
	'X-Forwarded-For: 1.2.3.4',
	'TE: trailers',
	'Trailer: X-Sum',
	'X_Under: 1',
	'X-Text: \xe4\xff "q"',
	"!#$%&'*+-.^`|~: 1",
	'Expect: 100-continue',
	'Authorization: Bearer x',
	'Date: Sun, 06 Nov 1994 08:49:37 GMT',
];
const ODD_FIELDS = [
	'X : 1',
	' X: 1',
	'X\t: 1',
	': 1',
	'X',
	'X: a\0b',
	'X: a\x01b',
	'X: a\x7fb',
	'X: \r\n folded',
	'X: a\rb',
	'X: a\nb',
	'X\xe4: 1',
	'"X": 1',
	'X(y): 1',
	'@: 1',
	'Expect: x',
	'Expect: 100-continue, x',
	'Connection: upgrade',
	'Upgrade: websocket',
	'Upgrade: h2c',
	'Connection: closed',
	'Connection: close;x',
	'Connection: "close"',
	'Connection: clo\tse',
	'Connection: close keep-alive',
	'Proxy-Connection: close',
	'Content_Length: 3',
	'Content-Length : 3',
	'Transfer-Encoding : chunked',
	'Transfer_Encoding: chunked',
	'Content-Length\0: 3',
	'X: \x0b',
	'X: \x80',
];

export function extraFields(random: Random, odd: number): string[] {
	const fields = Array.from({ length: random.int(5) }, () => random.pick(FIELDS));
	while (random.chance(odd)) fields.push(random.pick(ODD_FIELDS));
	// Around the limits.
	if (random.chance(odd / 20)) fields.push(...Array.from({ length: 90 + random.int(20) }, (_, i) => `F${i}: ${i}`));
	if (random.chance(odd / 20)) fields.push(`Connection: ${'x,'.repeat(60 + random.int(8))}y`);
	if (random.chance(odd / 20)) fields.push(`X-Large: ${'v'.repeat(16_000 + random.int(500))}`);
	return fields;
}

const EXTENSIONS = ['', '', '', '', ';a', ';a=b', ';a="b"', ';a=b;c', ' ;a', ';a="b\\"c;"'];
const ODD_EXTENSIONS = [
	';',
	' ',
	'\t',
	' a',
	';\n',
	';a="\r\n"',
	';a="',
	';a=\0',
	';\xff',
	';a b',
	';=',
	';a=',
	';a==b',
	';a="b"c',
	',',
	' 5',
	';;',
	`;${'x'.repeat(300)}`,
	';\x7f',
	';a;',
	'; a',
	';a = b',
];
const SIZES = [
	'+5',
	'-1',
	'0x5',
	' 5',
	'5 ',
	'',
	'g',
	'5_',
	'00000000000000000005',
	'100000000000000005',
	'5.',
	'"5"',
	'\x0b5',
	'000000000000a',
];
const TRAILERS = [
	'X-Sum: 1',
	'Digest: a=b',
	'X-Empty:',
	'Content-Length: 5',
	'Host: b',
	'Transfer-Encoding: chunked',
	'X_y: 1',
	'X : 1',
	' X: 1',
	'X',
	'X: a\0b',
	'X: \xff',
];

/** A chunked body, mostly a good one. */
export function chunks(random: Random, odd: number): string {
	let text = '';
	const end = () => lineEnd(random, odd / 2);
	for (let left = random.int(4); left > 0; left--) {
		const data = random.pick(['a', 'hello', '0\r\n\r\n', '\r\n', 'x'.repeat(17), '\0\xff', 'GET / HTTP/1.1\r\n\r\n']);
		text += `${sizeText(random, odd, data.length)}${extension(random, odd)}${end()}${data}${end()}`;
	}
	text += `${random.chance(odd) ? random.pick(['00', '', '000000000000000000', '0 ', '-0', '0x0']) : '0'}${extension(random, odd)}${end()}`;
	while (random.chance(0.15)) text += `${random.pick(random.chance(odd) ? TRAILERS : TRAILERS.slice(0, 2))}${end()}`;
	if (random.chance(odd / 20)) text += `T: v${end()}`.repeat(60 + random.int(8));
	return text + end();
}

function sizeText(random: Random, odd: number, length: number): string {
	if (random.chance(odd)) return random.pick([...SIZES, (length + 1).toString(16), (length - 1).toString(16)]);
	const digits = random.chance(0.1) ? `00${length.toString(16)}` : length.toString(16);
	return random.chance(0.5) ? digits : digits.toUpperCase();
}

const extension = (random: Random, odd: number): string =>
	random.chance(odd) ? random.pick(ODD_EXTENSIONS) : random.chance(0.1) ? random.pick(EXTENSIONS) : '';
