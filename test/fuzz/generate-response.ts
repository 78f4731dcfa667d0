import type { Random } from '../../src/wire/testing/random.ts';
import { chunks, extraFields, lineEnd, separator } from './generate-parts.ts';

const STATUSES = [
	'200 OK',
	'200 OK',
	'200 OK',
	'404 Not Found',
	'204 No Content',
	'304 Not Modified',
	'500 ',
	'201',
	'206 Partial',
	'599 \xe4',
];
const ODD_STATUSES = [
	'101 Switching',
	'100 Continue',
	'103 Early',
	'099 x',
	'600 x',
	'999 x',
	'20 OK',
	'2000 OK',
	'2x0 OK',
	'+20 OK',
	'',
	'200\tOK',
	'200  OK',
	'200 \0',
	'200 O\rK',
	'000 x',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const ODD_VERSIONS = [
	'HTTP/1.2',
	'HTTP/2.0',
	'HTTP/0.9',
	'http/1.1',
	'HTTP/2',
	'ICY',
	'HTTP/1.10',
	'RTSP/1.0',
	' HTTP/1.1',
	'\r\nHTTP/1.1',
];

/** A response, perhaps with some of 1xx before it; mostly a good one. */
export function response(random: Random): string {
	let text = '';
	while (random.chance(0.1)) text += one(random, random.pick(['100 Continue', '103 Early Hints', '102 Processing']), 0);
	return text + one(random, null, random.pick([0, 0, 0.03, 0.15]));
}

function one(random: Random, interim: string | null, odd: number): string {
	const pick = (usual: string[], unusual: string[]) => (random.chance(odd) ? random.pick(unusual) : random.pick(usual));
	const end = () => lineEnd(random, odd / 2);
	let text = `${pick(VERSIONS, ODD_VERSIONS)}${separator(random, odd / 2)}${interim ?? pick(STATUSES, ODD_STATUSES)}${end()}`;
	const lines = interim === null ? extraFields(random, odd) : [];
	let body = '';
	const kind = interim === null ? random.next() : 0;
	if (kind > 0.2 && kind < 0.6) {
		body = random.pick(['', 'hello', 'HTTP/1.1 200 OK\r\n\r\n', '\0\xff']);
		const length = random.chance(odd)
			? random.pick([
					body.length + 1,
					0,
					`+${body.length}`,
					`${body.length}, ${body.length}`,
					'',
					'0x5',
					'99999999999999999999',
				])
			: body.length;
		lines.push(`Content-Length: ${length}`);
		if (random.chance(odd)) lines.push(`Content-Length: ${body.length}`);
	}
	if (kind >= 0.6 || (kind > 0.2 && random.chance(odd))) {
		lines.push(
			`Transfer-Encoding: ${random.chance(odd) ? random.pick(['gzip, chunked', 'gzip', 'identity', 'chunked, chunked', '', 'xchunked']) : 'chunked'}`,
		);
		body = chunks(random, odd);
	} else if (kind > 0 && kind <= 0.2) body = random.pick(['', 'until close', '0\r\n\r\n']);
	for (const line of lines) text += line + end();
	return text + end() + body;
}
