import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptOrder } from '../../jobs/attempt.ts';
import { type RequestNotes, readStoredRequest } from './stored-request.ts';
import { questionOf, stamped } from './upstream-request.ts';

function stored(head: string): Uint8Array {
	const notes: RequestNotes = {
		version: 1,
		service: 's',
		route: 'r',
		method: 'POST',
		trusted: true,
		secure: true,
		address: '1.2.3.4',
		addressField: 'x',
		trace: { words: [1, 2], flags: 1 },
	};
	const json = Buffer.from(JSON.stringify(notes));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(json.length);
	return Buffer.concat([length, json, Buffer.from(head, 'latin1')]);
}

const order = (body: string, head = ''): AttemptOrder => ({
	token: 't',
	id: 'job-1',
	attempt: 1,
	request: stored(`POST /v HTTP/1.1\r\nHost: h\r\n${head}Content-Length: ${body.length}\r\n\r\n`),
	body: { inline: Buffer.from(body) },
	upstreamKey: '',
	lane: '',
});
const bodyOf = ({ body }: AttemptOrder): string =>
	body !== null && 'inline' in body ? Buffer.from(body.inline).toString() : '';

test('the job is named in its body, which stays as it is otherwise; its length is right', () => {
	const made = stamped(order(' {"n":1e400, "a":"é"}', 'X-Note: content-length: 1\r\n'), 'callback_id');
	assert.equal(bodyOf(made), ' {"callback_id":"job-1","n":1e400, "a":"é"}');
	const { head } = readStoredRequest(made.request);
	assert.match(
		head.toString('latin1'),
		new RegExp(`X-Note: content-length: 1\\r\\nContent-Length: ${Buffer.byteLength(bodyOf(made))}\\r\\n\\r\\n$`),
	);
	assert.equal(bodyOf(stamped(order('{}'), 'callback_id')), '{"callback_id":"job-1"}');
});

test('not where the client named one, and not in what is no JSON object', () => {
	for (const body of ['{"callback_id":"mine"}', '{"callback_id":null}', '[1]', 'null', '{', '']) {
		const given = order(body);
		assert.equal(stamped(given, 'callback_id'), given);
	}
	const large: AttemptOrder = { ...order(''), body: { file: 'f', bytes: 9 } };
	assert.equal(stamped(large, 'callback_id'), large);
});

test('a question goes to the host of the job, and carries nothing of its client', () => {
	const request = stored('POST /v HTTP/1.1\r\nHost: api.example\r\nCookie: secret\r\nAuthorization: secret\r\n\r\n');
	const { notes, head } = readStoredRequest(questionOf(request, '/v/1?a=b'));
	assert.equal(
		head.toString('latin1'),
		'GET /v/1?a=b HTTP/1.1\r\nHost: api.example\r\nAccept: application/json\r\n\r\n',
	);
	assert.deepEqual([notes.method, notes.route, notes.address, notes.trusted], ['GET', 'r', '127.0.0.1', false]);
});
