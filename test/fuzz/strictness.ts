/**
 * Where Ballast and Node's own parser judge otherwise, and why. docs/strictness.md shows these lists; the fuzz
 * accepts no difference that none of them explains.
 */
import { isAuthority } from '../../src/wire/authority.ts';
import { valuesOf } from './compare.ts';
import type { Message } from './reading.ts';

/** A message that only one of the two took, or that they read otherwise. */
export interface Case {
	side: 'request' | 'response';
	/** The bytes from its first one on, those of later messages included. */
	text: string;
	/** All of the input. */
	all: string;
	/** As the one that took it read it. */
	message: Message;
	/** What the other one says of it. */
	what: string;
}

export interface Judgement {
	/** In the words of the page. */
	what: string;
	/** A message that it applies to, one byte a character. */
	example: string;
	/** Where the standards speak of it. */
	section: string;
	/** What changes it; empty: nothing does. */
	change: string;
	side: Case['side'] | 'both';
	/** In whose words the other one refused it, or what was read otherwise. */
	why: RegExp;
	applies(found: Case): boolean;
}

const HEAD = 'Host: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';
const POST = `POST / HTTP/1.1\r\nHost: a\r\n${CHUNKED}`;

const values = ({ message }: Case, name: string): string[] => valuesOf(message, name);
const isAuthorityText = (text: string): boolean => isAuthority(Buffer.from(text, 'latin1'), 0, text.length);
const absolute = ({ message }: Case) => /^(https?):\/\/([^/?]*)/i.exec(message.second);
const headOf = ({ text }: Case): string => text.slice(0, text.search(/\r\n\r\n/) + 4);
/** Size lines of a chunked body, as far as they can be found without reading it. */
const sizeLines = ({ text }: Case): string[] => text.slice(text.search(/\r\n\r\n/) + 4).split(/\r\n/);

const takesTarget = (found: Case): boolean => {
	const { first, second } = found.message;
	return (
		second.startsWith('/') || (second === '*' && first === 'OPTIONS') || isAuthorityText(absolute(found)?.[2] ?? '')
	);
};

/** Node's parser takes these, Ballast refuses them. */
export const REFUSED: Judgement[] = [
	{
		what: 'more than one `Host`',
		example: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
		section: 'RFC 9112 §3.2',
		change: '',
		side: 'both',
		why: /bad_request|framing/,
		applies: (found) => values(found, 'host').length > 1,
	},
	{
		what: 'a `Host` that is empty or no host with a port of digits: a list, a path, user information, an IPv6 address without brackets or with a zone',
		example: 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n',
		section: 'RFC 9112 §3.2, RFC 3986 §3.2',
		change: '',
		side: 'request',
		why: /bad_request/,
		applies: (found) => values(found, 'host').some((host) => !isAuthorityText(host)),
	},
	{
		what: 'an absolute target whose authority is not the `Host`, compared letter by letter without regard to case',
		example: 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n',
		section: 'RFC 9112 §3.2.2',
		change: '',
		side: 'request',
		why: /bad_request/,
		applies: (found) => {
			const authority = absolute(found)?.[2]?.toLowerCase();
			return authority !== undefined && values(found, 'host').some((host) => host.toLowerCase() !== authority);
		},
	},
	{
		what: 'a target of another form than `/path`, `http://…`, `https://…` and, for OPTIONS, `*`; one with user information',
		example: `GET ftp://a/ HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 9112 §3.2',
		change: '',
		side: 'request',
		why: /bad_request/,
		applies: (found) => !takesTarget(found),
	},
	{
		what: 'a fragment in the target',
		example: `GET /a#b HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 9110 §7.1',
		change: '',
		side: 'request',
		why: /bad$/,
		applies: ({ message }) => message.second.includes('#'),
	},
	{
		what: 'more than one space between the parts of the request line',
		example: `GET  / HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 9112 §3',
		change: '',
		side: 'request',
		why: /bad$/,
		applies: ({ text }) => /^(?:\r\n)*[^\r\n]* {2}/.test(text),
	},
	{
		what: 'an escaped NUL in the path',
		example: `GET /a%00b HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 3986 §7.3',
		change: '',
		side: 'request',
		why: /bad_request/,
		applies: ({ message }) => (message.second.split('?')[0] as string).includes('%00'),
	},
	{
		what: 'a major version other than 1',
		example: `GET / HTTP/2.0\r\n${HEAD}`,
		section: 'RFC 9112 §2.3',
		change: '',
		side: 'both',
		why: /version|bad$/,
		applies: ({ message }) => !message.version.startsWith('1.'),
	},
	{
		what: '`Transfer-Encoding` in HTTP/1.0',
		example: `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
		section: 'RFC 9112 §6.1',
		change: '',
		side: 'both',
		why: /bad_request|framing|chunks in HTTP/,
		applies: (found) => found.message.version === '1.0' && values(found, 'transfer-encoding').length > 0,
	},
	{
		what: 'a `Transfer-Encoding` other than `chunked` alone, once, with no tab beside it',
		example: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
		section: 'RFC 9112 §6.1',
		change: '',
		side: 'both',
		why: /bad_request|framing/,
		applies: (found) => {
			const codings = values(found, 'transfer-encoding');
			const tab = /^transfer-encoding:(?:[^\r\n]*\t|\t)/im.test(headOf(found));
			return codings.length > 1 || (codings.length === 1 && (tab || codings[0]?.toLowerCase() !== 'chunked'));
		},
	},
	{
		what: 'a `Content-Length` of more than 15 digits',
		example: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000000\r\n\r\n',
		section: 'RFC 9112 §6.3',
		change: '',
		side: 'both',
		why: /bad_request|framing/,
		applies: (found) => values(found, 'content-length').some((length) => length.length > 15),
	},
	{
		what: 'an `Expect` other than `100-continue`, in HTTP/1.0 too; more than one',
		example: `GET / HTTP/1.0\r\nExpect: x\r\n${HEAD}`,
		section: 'RFC 9110 §10.1.1',
		change: '',
		side: 'both',
		why: /expectation_failed|bad_request|framing/,
		applies: (found) => {
			const expected = values(found, 'expect');
			return (
				expected.length > 1 ||
				(found.side === 'request' && expected.some((value) => value.toLowerCase() !== '100-continue'))
			);
		},
	},
	{
		what: 'more than 64 options in `Connection`',
		example: `GET / HTTP/1.1\r\nConnection: ${Array.from({ length: 65 }, () => 'x').join(',')}\r\n${HEAD}`,
		section: 'RFC 9110 §7.6.1',
		change: '',
		side: 'both',
		why: /bad_request|framing/,
		applies: (found) => values(found, 'connection').join(',').split(',').length > 64,
	},
	{
		what: 'more than 100 fields (answers: 256)',
		example: `GET / HTTP/1.1\r\n${'F: v\r\n'.repeat(100)}${HEAD}`,
		section: 'RFC 9110 §5.4',
		change: '`limits.head.fields`',
		side: 'both',
		why: /tooLarge/,
		applies: ({ message, side }) => message.fields.length > (side === 'request' ? 100 : 256),
	},
	{
		what: 'a head of more than 16 KiB (answers: 64 KiB)',
		example: `GET / HTTP/1.1\r\nF: ${'v'.repeat(16_384)}\r\n${HEAD}`,
		section: 'RFC 9110 §5.4',
		change: '`limits.head.size`',
		side: 'both',
		why: /tooLarge/,
		applies: (found) => headOf(found).length > (found.side === 'request' ? 16_384 : 65_536),
	},
	{
		what: 'a target of more than 8 KiB',
		example: `GET /${'a'.repeat(8192)} HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 9112 §3',
		change: '`limits.target`',
		side: 'request',
		why: /targetTooLong/,
		applies: ({ message }) => message.second.length > 8192,
	},
	{
		what: 'a bare LF before a request',
		example: `\nGET / HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 9112 §2.2',
		change: '',
		side: 'request',
		why: /bad$/,
		applies: ({ text }) => /^(?:\r\n)*(?:\n|\r(?!\n))/.test(text),
	},
	{
		what: 'an empty line before an answer',
		example: `\r\n${OK}Content-Length: 0\r\n\r\n`,
		section: 'RFC 9112 §2.2',
		change: '',
		side: 'response',
		why: /bad$/,
		applies: ({ text }) => /^[\r\n]/.test(text),
	},
	{
		what: 'a request or an answer of another protocol',
		example: `GET / RTSP/1.0\r\n${HEAD}`,
		section: 'RFC 9112 §2.3',
		change: '',
		side: 'both',
		why: /bad$/,
		applies: ({ text, side }) =>
			side === 'request' ? / (?:RTSP|ICE)\/\d\.\d\r\n/.test(text) : !/^\s*HTTP\//.test(text),
	},
	{
		what: 'a status below 100 or above 599',
		example: 'HTTP/1.1 600 x\r\nContent-Length: 0\r\n\r\n',
		section: 'RFC 9110 §15',
		change: '',
		side: 'response',
		why: /bad$/,
		applies: ({ message }) => Number(message.first) < 100 || Number(message.first) > 599,
	},
	{
		what: 'a control character in a reason',
		example: 'HTTP/1.1 200 \x1b[0m\r\nContent-Length: 0\r\n\r\n',
		section: 'RFC 9112 §4',
		change: '',
		side: 'response',
		why: /bad$/,
		applies: ({ message }) => /[^\t\x20-\x7e\x80-\xff]/.test(message.second),
	},
	{
		what: 'the size of a chunk in more than 12 digits',
		example: `${POST}0000000000000\r\n\r\n`,
		section: 'RFC 9112 §7.1',
		change: '',
		side: 'both',
		why: /body/,
		applies: (found) => sizeLines(found).some((line) => /^[\da-f]{13}/i.test(line)),
	},
	{
		what: 'extensions of a chunk beyond 256 bytes, or of a whole body beyond 16 KiB more than its payload',
		example: `${POST}0;${'x'.repeat(257)}\r\n\r\n`,
		section: 'RFC 9112 §7.1.1',
		change: '',
		side: 'both',
		why: /body/,
		applies: (found) => sizeLines(found).some((line) => /^[\da-f]+\s*;.{200}/i.test(line)),
	},
	{
		what: 'an extension of a chunk that is not of the form `name`, `name=token` or `name="text"`',
		example: `${POST}0;a=\r\n\r\n`,
		section: 'RFC 9112 §7.1.1',
		change: '',
		side: 'both',
		why: /body/,
		applies: (found) =>
			sizeLines(found).some(
				(line) =>
					/^[\da-f]+;/i.test(line) &&
					!/^[\da-f]+(?:;[!#$%&'*+\-.^`|~\w]+(?:=(?:[!#$%&'*+\-.^`|~\w]+|"(?:[^"\\]|\\.)*"))?)+$/i.test(line),
			),
	},
	{
		what: 'trailers of more than 8 KiB or 64 fields',
		example: `${POST}0\r\n${'T: v\r\n'.repeat(65)}\r\n`,
		section: 'RFC 9110 §6.5',
		change: '',
		side: 'both',
		why: /body/,
		applies: ({ message }) => message.trailers.length > 64 || message.trailers.flat().join('').length > 8000,
	},
];

const METHODS = new Set(
	'DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE QUERY'.split(
		' ',
	),
);

/** Ballast takes these, Node's parser refuses them. */
export const TAKEN: Judgement[] = [
	{
		what: 'a method that Node does not know: any token of up to 32 characters is passed on as it came',
		example: `CUSTOM / HTTP/1.1\r\n${HEAD}`,
		section: 'RFC 9110 §9.1',
		change: '`match: { method: … }` on a route',
		side: 'request',
		why: /INVALID_METHOD|Invalid method for|HTTP\/2 Connection Preface/,
		applies: ({ message }) => !METHODS.has(message.first),
	},
	{
		what: 'versions 1.2 to 1.9, read as 1.1; what is passed on says 1.1',
		example: `GET / HTTP/1.2\r\n${HEAD}`,
		section: 'RFC 9110 §2.5',
		change: '',
		side: 'both',
		why: /INVALID_VERSION/,
		applies: ({ message }) => /^1\.[2-9]$/.test(message.version),
	},
	{
		what: 'several `Content-Length` that say the same; one is passed on',
		example: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
		section: 'RFC 9112 §6.3',
		change: '',
		side: 'both',
		why: /Duplicate Content-Length/,
		applies: (found) => values(found, 'content-length').length > 1,
	},
	{
		what: 'white space around the `;` and the `=` of a chunk’s extension, which the standard demands; extensions are not passed on',
		example: `${POST}0 ; a = b\r\n\r\n`,
		section: 'RFC 9112 §7.1.1',
		change: '',
		side: 'both',
		why: /chunk size|chunk extensions/,
		applies: (found) => sizeLines(found).some((line) => /^[\da-f]+(?:[ \t]+;|;.*[ \t])/i.test(line)),
	},
	{
		what: 'framing fields among the trailers; they are not passed on',
		example: `${POST}0\r\nContent-Length: 5\r\n\r\n`,
		section: 'RFC 9110 §6.5.1',
		change: '',
		side: 'both',
		why: /_CONTENT_LENGTH|_TRANSFER_ENCODING/,
		applies: (found) => /\r\n(?:content-length|transfer-encoding):/i.test(found.text.slice(headOf(found).length)),
	},
	{
		what: 'an answer of 1xx in HTTP/1.0 before another answer',
		example: `HTTP/1.0 103 Early Hints\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
		section: 'RFC 9110 §15.2',
		change: '',
		side: 'response',
		why: /CLOSED_CONNECTION/,
		applies: ({ all }) => /^HTTP\/1\.0 1/m.test(all),
	},
	{
		what: 'an answer of 1xx with `Connection: close` before another answer',
		example: `HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
		section: 'RFC 9110 §15.2',
		change: '',
		side: 'response',
		why: /CLOSED_CONNECTION/,
		applies: ({ all }) => /^HTTP\/1\.\d 1/m.test(all) && /^connection:.*close/im.test(all),
	},
];

/** Both take these and come to other conclusions, which touch no byte of the message. */
export const READ_OTHERWISE: Judgement[] = [
	{
		what: '`Proxy-Connection` is not a field of any standard: we ignore and drop it, Node obeys it',
		example: 'GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n',
		section: 'RFC 9112 Appendix C.2.2',
		change: '',
		side: 'request',
		why: /keeps/,
		applies: (found) => values(found, 'proxy-connection').length > 0,
	},
	{
		what: '`Connection` with both `close` and `keep-alive`: we close',
		example: 'GET / HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n',
		section: 'RFC 9112 §9.3',
		change: '',
		side: 'request',
		why: /keeps/,
		applies: (found) =>
			/close/i.test(values(found, 'connection').join()) && /keep-alive/i.test(values(found, 'connection').join()),
	},
	{
		what: '`Connection` among the trailers: we ignore and drop it, Node obeys it',
		example: `${POST}0\r\nConnection: close\r\n\r\n`,
		section: 'RFC 9110 §6.5.1',
		change: '',
		side: 'both',
		why: /keeps|messages/,
		applies: ({ all }) => /\r\n0*(?:;.*)?\r\n(?:[^\r\n]+\r\n)*(?:proxy-)?connection:/i.test(all),
	},
];

/** Entry of a list that explains the case; undefined: none does. */
export const explain = (list: readonly Judgement[], found: Case): Judgement | undefined =>
	list.find(
		(judgement) =>
			(judgement.side === 'both' || judgement.side === found.side) &&
			judgement.why.test(found.what) &&
			judgement.applies(found),
	);
