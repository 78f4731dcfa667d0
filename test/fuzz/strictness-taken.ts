import { HEAD, headOf, type Judgement, OK, POST, sizeLines, values } from './judgement.ts';

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
