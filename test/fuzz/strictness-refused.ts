import { isAuthority } from '../../src/wire/authority.ts';
import { type Case, HEAD, headOf, type Judgement, OK, POST, sizeLines, values } from './judgement.ts';

const isAuthorityText = (text: string): boolean => isAuthority(Buffer.from(text, 'latin1'), 0, text.length);
const absolute = ({ message }: Case) => /^(https?):\/\/([^/?]*)/i.exec(message.second);

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
