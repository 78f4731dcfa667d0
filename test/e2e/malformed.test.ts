/** Each reason for which a request is malformed: what is sent, and that the answer says which it was and nothing else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MALFORMED, type Malformed } from '../../src/core/malformed.ts';
import { suite } from '../support/suite.ts';

/** Stands in everything that is sent, and must never come back. */
const MARK = 'evil-marker';
const HOST = `Host: ${MARK}.example`;

const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;
const get = (...fields: string[]): string => lines(`GET /${MARK} HTTP/1.1`, HOST, ...fields);
const post = (field: string, body = ''): string => lines(`POST /${MARK} HTTP/1.1`, HOST, field) + body;
const chunks = (body: string): string => post('Transfer-Encoding: chunked', body);

const CASES: Record<Exclude<Malformed, 'https_port'>, string[]> = {
	bad_request_line: [
		lines('GET', HOST),
		lines(`GET /${MARK}`, HOST),
		lines(`GET  /${MARK} HTTP/1.1`, HOST),
		lines(`GET /${MARK}  HTTP/1.1`, HOST),
		lines(`GET /${MARK} HTTP/1.1 `, HOST),
		lines(`GET /${MARK}\tHTTP/1.1`, HOST),
	],
	bad_method: [
		lines(`{${MARK}} / HTTP/1.1`, HOST),
		lines(`GE(T /${MARK} HTTP/1.1`, HOST),
		lines(`${'X'.repeat(33)} /${MARK} HTTP/1.1`),
	],
	bad_version: [
		lines(`GET / ${MARK}/1.1`, HOST),
		lines(`GET /${MARK} HTTP/x.1`, HOST),
		lines(`GET /${MARK} HTTP/1,1`, HOST),
	],
	bad_target: [
		lines(`GET ${MARK} HTTP/1.1`, HOST),
		lines(`GET * HTTP/1.1`, HOST),
		lines(`GET ftp://${MARK}.example/ HTTP/1.1`, HOST),
		lines(`GET http://u:p@${MARK}.example/ HTTP/1.1`, HOST),
		lines(`GET /\xe4${MARK} HTTP/1.1`, HOST),
	],
	fragment_in_target: [lines(`GET /#${MARK} HTTP/1.1`, HOST)],
	nul_in_path: [lines(`GET /${MARK}%00 HTTP/1.1`, HOST)],
	host_differs: [lines(`GET http://other.${MARK}/ HTTP/1.1`, HOST)],
	bare_lf: [
		'\nGET / HTTP/1.1\r\n',
		`GET /${MARK} HTTP/1.1\nHost: a\n\n`,
		`GET /${MARK} HTTP/1.1\r\nHost: a\nX: y\r\n\r\n`,
		`GET /${MARK} HTTP/1.1\r\nHost: a\r\nX${MARK}\n\r\n`,
		chunks('5\nabcde\r\n0\r\n\r\n'),
		chunks('5;a\nabcde\r\n0\r\n\r\n'),
		chunks('5\r\nabcde\n0\r\n\r\n'),
		chunks(`0\r\nX: ${MARK}\n\r\n`),
	],
	bare_cr: [
		get(`X: a\r${MARK}`),
		`GET /${MARK} HTTP/1.1\r${HOST}\r\n\r\n`,
		`GET /${MARK} HTTP/1.1\r\n${HOST}\r\n\r${MARK}\r\n`,
		`\rGET /${MARK} HTTP/1.1\r\n`,
		chunks('5\rabcde\r\n0\r\n\r\n'),
		chunks('5\r\nabcde\rx0\r\n\r\n'),
	],
	nul: [get(`X: a\0${MARK}`), get(`X\0${MARK}: a`), lines(`GET /\0${MARK} HTTP/1.1`, HOST), chunks('5\0\r\nabcde')],
	control_character: [get(`X: a\x1b${MARK}`), get(`X\x07${MARK}: a`), `\x16\x03\x01${MARK}\r\n\r\n`],
	obs_fold: [get('X: a', ` ${MARK}`), get(`\t${MARK}: a`), lines(`GET /${MARK} HTTP/1.1`, ` ${HOST}`)],
	space_before_colon: [get(`X : ${MARK}`), get(`Transfer-Encoding\t: chunked`)],
	bad_field_name: [get(`(${MARK}): a`), get(`: ${MARK}`), chunks(`0\r\n(${MARK}): a\r\n\r\n`)],
	field_without_colon: [get(MARK)],
	host_missing: [lines(`GET /${MARK} HTTP/1.1`, 'X: y'), lines(`GET http://${MARK}/ HTTP/1.1`)],
	host_twice: [get(HOST), get('host: other')],
	bad_host: [
		lines(`GET / HTTP/1.1`, `Host: ${MARK}/x`),
		lines(`GET / HTTP/1.1`, `Host: ${MARK}, b`),
		lines(`GET / HTTP/1.1`, 'Host:'),
	],
	bad_content_length: [post('Content-Length: +1', 'x'), post(`Content-Length: ${MARK}`), post('Content-Length: 1, 1')],
	content_length_differs: [post('Content-Length: 1\r\nContent-Length: 2')],
	content_length_and_transfer_encoding: [post('Content-Length: 1\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
	bad_transfer_encoding: [
		post(`Transfer-Encoding: ${MARK}`),
		post('Transfer-Encoding: gzip, chunked'),
		post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
		post('Transfer-Encoding:\tchunked'),
	],
	transfer_encoding_in_http_1_0: [lines(`POST /${MARK} HTTP/1.0`, HOST, 'Transfer-Encoding: chunked')],
	expect_twice: [post('Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1')],
	too_many_connection_options: [get(`Connection: ${`${MARK},`.repeat(65)}`)],
	bad_chunk_size: [chunks(`${MARK}\r\n`), chunks('\r\n'), chunks('1000000000000\r\n'), chunks('-1\r\n'), chunks('5 x')],
	bad_chunk_extension: [chunks('5;=\r\nabcde\r\n'), chunks(`5;${MARK}="\r\n`), chunks('5;a=\r\n')],
	chunk_extensions_too_long: [chunks(`5;${MARK}=${'x'.repeat(300)}\r\n`), chunks(`5${' '.repeat(300)};a\r\n`)],
	bad_chunk_end: [chunks(`5\r\nabcdef\r\n`), chunks(`2\r\n${MARK}\r\n`)],
	trailers_too_large: [chunks(`0\r\nX: ${MARK.repeat(1000)}`), chunks(`0\r\n${'X: y\r\n'.repeat(65)}\r\n`)],
};

describe('a malformed request is told why', () => {
	const it = suite(({ url }) => ({ services: { app: { instances: [url] } } }));

	for (const [reason, requests] of Object.entries(CASES)) {
		test(reason, async () => {
			for (const request of requests) {
				const client = await it.client();
				client.send(Buffer.from(request, 'latin1'));
				const answer = await client.answer();
				const shown = `${JSON.stringify(request)} → ${answer.body}`;
				assert.deepEqual(
					answer.json(),
					{
						type: 'about:blank',
						title: 'The request is malformed or ambiguous',
						status: 400,
						code: 'bad_request',
						reason,
						detail: MALFORMED[reason as Malformed],
					},
					shown,
				);
				assert.equal(
					answer.field('proxy-status'),
					`ballast; error=http_request_error; details="bad_request: ${reason}"`,
				);
				assert.equal(answer.field('connection'), 'close');
				assert.doesNotMatch(client.received.toString('latin1'), new RegExp(MARK));
				client.destroy();
			}
		});
	}
});

test('the sentences are plain, and fit a header field and a terminal', () => {
	for (const [reason, detail] of Object.entries(MALFORMED)) {
		assert.match(reason, /^[a-z][a-z0-9_]{1,39}$/);
		assert.match(detail, /^[A-Z][ -~]{10,110}\.$/, reason);
	}
});
