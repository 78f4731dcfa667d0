/** Messages in the one plain form that Ballast writes; whatever another program could read in two ways is a fault. */
import assert from 'node:assert/strict';

/** A message as it came. */
export interface Recorded {
	/** The request line or the status line. */
	line: string;
	/** Field lines, then trailers. */
	lines: string[];
	host: string;
	framing: 'none' | 'length' | 'chunked';
	body: string;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const REQUEST_LINE = new RegExp(`^${TOKEN} [!-~]+ HTTP/1\\.1$`);
const STATUS_LINE = /^HTTP\/1\.1 [1-5]\d\d [\t\x20-\x7e\x80-\xff]*$/;
const FIELD_LINE = new RegExp(`^(${TOKEN}):[ \\t]*([^\\0-\\x08\\x0a-\\x1f\\x7f]*)$`);
const LENGTH = /^Content-Length: (0|[1-9]\d{0,14})$/;
const CHUNKED = 'Transfer-Encoding: chunked';
const SIZE_LINE = /^(0|[1-9a-f][0-9a-f]{0,6})$/;

/** The one request that the text is; null: more of it is to come. Throws when it is anything else. */
export function readRequest(text: string): Recorded | null {
	const head = readHead(text, REQUEST_LINE);
	if (head === null) return null;
	const host = head.only('host') ?? assert.fail('no Host');
	const body = readBody(head);
	return body && { line: head.line, host: host.slice(host.indexOf(':') + 1).trim(), ...body };
}

interface Head {
	line: string;
	lines: string[];
	/** The field of this lower-case name; a second one is a fault. */
	only(name: string): string | undefined;
	/** What follows it. */
	rest: string;
}

function readHead(text: string, first: RegExp): Head | null {
	const end = text.indexOf('\r\n\r\n');
	if (end < 0) return null;
	const [line = '', ...lines] = text.slice(0, end).split('\r\n');
	assert.match(line, first, 'a first line');
	const names = lines.map(
		(one) => (FIELD_LINE.exec(one) ?? assert.fail(`no field line: ${JSON.stringify(one)}`))[1]?.toLowerCase() as string,
	);
	const only = (name: string): string | undefined => {
		const found = lines.filter((_, i) => names[i] === name);
		assert.ok(found.length <= 1, `${found.length} times ${name}`);
		return found[0];
	};
	return { line, lines, only, rest: text.slice(end + 4) };
}

/** The body that the head frames; null: more of it is to come. */
function readBody({ lines, only, rest }: Head): Pick<Recorded, 'lines' | 'framing' | 'body'> | null {
	const [length, coding] = [only('content-length'), only('transfer-encoding')];
	assert.ok(length === undefined || coding === undefined, 'one framing');
	if (coding !== undefined) {
		assert.equal(coding, CHUNKED);
		const found = readChunks(rest);
		return found && { lines: [...lines, ...found.trailers], framing: 'chunked', body: found.body };
	}
	const size =
		length === undefined ? 0 : Number((LENGTH.exec(length) ?? assert.fail(`no length: ${JSON.stringify(length)}`))[1]);
	assert.ok(rest.length <= size, `${rest.length - size} bytes more than the message has`);
	if (rest.length < size) return null;
	return { lines, framing: length === undefined ? 'none' : 'length', body: rest };
}

/** The answer that the text is to a request of this method, with those of 1xx before it. Throws when it is anything else. */
export function readAnswer(text: string, method: string): Recorded {
	const head = readHead(text, STATUS_LINE) ?? assert.fail('no whole head');
	const status = Number(head.line.slice(9, 12));
	const framed = head.only('content-length') !== undefined || head.only('transfer-encoding') !== undefined;
	if (status < 200) {
		assert.ok(!framed, 'a framing where no body can be');
		return readAnswer(head.rest, method);
	}
	assert.ok(
		head.lines.some((line) => /^date:/i.test(line)),
		'a date',
	);
	if (method === 'HEAD' || status === 204 || status === 304) {
		assert.equal(head.rest, '', 'no body');
		return { line: head.line, lines: head.lines, host: '', framing: 'none', body: '' };
	}
	assert.ok(framed, 'a framing');
	return { line: head.line, host: '', ...(readBody(head) ?? assert.fail('a whole body')) };
}

function readChunks(text: string): { body: string; trailers: string[] } | null {
	let body = '';
	for (let at = 0; ; ) {
		const end = text.indexOf('\r\n', at);
		if (end < 0) return null;
		const line = text.slice(at, end);
		assert.match(line, SIZE_LINE, 'the size of a chunk');
		const size = Number.parseInt(line, 16);
		at = end + 2;
		if (size === 0) return readTrailers(text.slice(at), body);
		if (text.length < at + size + 2) return null;
		body += text.slice(at, at + size);
		assert.equal(text.slice(at + size, at + size + 2), '\r\n', 'the end of a chunk');
		at += size + 2;
	}
}

function readTrailers(text: string, body: string): { body: string; trailers: string[] } | null {
	const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
	if (end < 0) return null;
	const trailers = text
		.slice(0, end)
		.split('\r\n')
		.filter((line) => line !== '');
	for (const line of trailers) assert.match(line, FIELD_LINE, 'a trailer');
	assert.equal(text.length, end === 0 ? 2 : end + 4, 'nothing behind the request');
	return { body, trailers };
}
