import type { Random } from '../../src/wire/testing/random.ts';
import { chunks, extraFields, lineEnd, separator } from './generate-parts.ts';

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS'];
const ODD_METHODS = [
	'TRACE',
	'CONNECT',
	'PRI',
	'get',
	'M-SEARCH',
	'PURGE',
	'QUERY',
	'X',
	'GE T',
	'GET:',
	'',
	'GET\t',
	'PROPFIND',
	'SOURCE',
	'A'.repeat(33),
	'G\0T',
	'DESCRIBE',
];
const TARGETS = [
	'/',
	'/a',
	'/a/b?c=d',
	'/v1/items/17?x=%20&y=[1]',
	'/a.b/c',
	'/?',
	'/a%2Fb',
	'//x',
	'/|{}"',
	'/a?b/../c',
];
const ODD_TARGETS = [
	'*',
	'',
	'a',
	'/a b',
	'/#a',
	'/a#',
	'/\xe4',
	'/\xff',
	'/%00',
	'/a%00b?c',
	'/a/../b',
	'/%2e%2E/x',
	'/./',
	'/..',
	'?a',
	'http://a/',
	'http://a.example/x?y',
	'http://b/',
	'http://a',
	'HTTP://A/',
	'http://a?b',
	'https://a/',
	'http://u@a/',
	'http://a:80/',
	'ftp://a/',
	'http:/a',
	'http:///',
	'a:80',
	'\\a',
	'/\t',
	'/\x7f',
	'/\0',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const ODD_VERSIONS = [
	'HTTP/1.2',
	'HTTP/1.9',
	'HTTP/2.0',
	'HTTP/0.9',
	'HTTP/3.0',
	'http/1.1',
	'HTTP/1.10',
	'HTTP/1',
	'HTTP/11',
	'HTTP/1.1 ',
	' HTTP/1.1',
	'RTSP/1.0',
	'ICE/1.0',
	'HTTP/1,1',
	'HTTP/1.+',
	'',
];
const HOSTS = ['a', 'a', 'a', 'a.example', 'a:80', 'A', '[::1]', '127.0.0.1:8080'];
const ODD_HOSTS = [
	'',
	'b',
	'a, b',
	'a/b',
	'a b',
	'u@a',
	'a:b',
	'::1',
	'[::1',
	'[v1.a]',
	':80',
	'a:80:80',
	'\xe4',
	'a%41',
	'a%zz',
	'a"',
	'a,b',
	'a?b',
	'a#',
	'*',
	'_',
	'a\\b',
];

/** Up to three requests, mostly good ones. */
export function requestStream(random: Random): string {
	let text = random.chance(0.05) ? random.pick(['\r\n', '\r\n\r\n', '\n', '\r', ' ', '\0', '\r\n\n']) : '';
	for (let left = 1 + random.int(3); left > 0; left--) text += request(random);
	return text;
}

function request(random: Random): string {
	/** How often something of it is odd. */
	const odd = random.pick([0, 0, 0.03, 0.15]);
	const pick = (usual: string[], unusual: string[]) => (random.chance(odd) ? random.pick(unusual) : random.pick(usual));
	const end = () => lineEnd(random, odd / 2);
	const method = pick(METHODS, ODD_METHODS);
	const target = random.chance(odd / 20) ? `/${'t'.repeat(8150 + random.int(80))}` : pick(TARGETS, ODD_TARGETS);
	let text = `${method}${separator(random, odd / 2)}${target}${separator(random, odd / 2)}${pick(VERSIONS, ODD_VERSIONS)}${end()}`;
	const { fields, body } = framing(random, odd);
	const lines = [...fields, ...extraFields(random, odd)];
	for (let hosts = random.chance(odd) ? random.int(3) : 1; hosts > 0; hosts--)
		lines.push(`${random.pick(['Host', 'Host', 'host', 'HOST'])}: ${pick(HOSTS, ODD_HOSTS)}`);
	for (const line of shuffled(lines, random)) text += line + end();
	return text + end() + body;
}

function shuffled<T>(list: T[], random: Random): T[] {
	for (let i = list.length - 1; i > 0; i--) {
		const other = random.int(i + 1);
		[list[i], list[other]] = [list[other] as T, list[i] as T];
	}
	return list;
}

const LENGTH_NAMES = ['Content-Length', 'Content-Length', 'content-length', 'CONTENT-LENGTH'];
const CODING_NAMES = ['Transfer-Encoding', 'Transfer-Encoding', 'transfer-encoding', 'TRANSFER-ENCODING'];
const ODD_CODINGS = [
	'chunked, chunked',
	'gzip, chunked',
	'chunked, gzip',
	'gzip',
	'identity',
	'xchunked',
	'chunked,',
	',chunked',
	'"chunked"',
	'chunked;q=1',
	'',
	'chunked identity',
	'\x0bchunked',
	'chunked\0',
	'x',
	'chunke',
	'identity, chunked',
];

/** How the body is announced, and the body: mostly so that both fit. */
function framing(random: Random, odd: number): { fields: string[]; body: string } {
	const kind = random.next();
	const fields: string[] = [];
	let body = '';
	if (kind < 0.4) return { fields, body: random.chance(odd) ? 'body' : '' };
	if (kind < 0.7 || random.chance(odd)) {
		body = random.pick(['', 'a', 'hello', 'GET /b HTTP/1.1\r\nHost: b\r\n\r\n', '0\r\n\r\n', '\0\xff\r\n']);
		const length = random.chance(odd)
			? random.pick([body.length + 1, Math.max(0, body.length - 1), 0, 5])
			: body.length;
		fields.push(`${random.pick(LENGTH_NAMES)}: ${lengthText(random, odd, length)}`);
		if (random.chance(odd)) fields.push(`Content-Length: ${lengthText(random, odd, length)}`);
	}
	if (kind >= 0.7) {
		const coding = random.chance(odd)
			? random.pick(ODD_CODINGS)
			: random.pick(['chunked', 'chunked', 'Chunked', 'CHUNKED']);
		fields.push(`${random.pick(CODING_NAMES)}: ${coding}`);
		if (random.chance(odd)) fields.push(`Transfer-Encoding: ${random.pick(ODD_CODINGS)}`);
		body = chunks(random, odd);
	}
	return { fields, body };
}

function lengthText(random: Random, odd: number, length: number): string {
	if (!random.chance(odd)) return String(length);
	return random.pick([
		`+${length}`,
		`-${length}`,
		`0${length}`,
		`${length}, ${length}`,
		`${length},${length}`,
		`0x${length}`,
		`${length}.0`,
		'',
		' ',
		'a',
		`${length}a`,
		`"${length}"`,
		'99999999999999999999',
		'1000000000000000',
		`${length} ${length}`,
		`${length}\t`,
		`000000000000000000${length}`,
		`\x0b${length}`,
	]);
}
