/** Each vector of the corpus through the running program, in front of an instance that takes one form only. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { readRequest } from './plain-form.ts';
import { playVector, WAYS } from './play-vector.ts';
import { CORPUS } from './smuggling-corpus.ts';
import { StrictUpstream } from './strict-upstream.ts';

const upstream = new StrictUpstream();
let ballast: Ballast;
before(async () => {
	const url = await upstream.start();
	ballast = await startBallast({ workers: 1, stop: '0s', services: { app: { instances: { urls: [url] } } } });
});
after(async () => {
	await ballast?.stop();
	upstream.stop();
	assert.doesNotMatch(ballast?.output() ?? '', /error:/);
});

for (const [way, pieces] of Object.entries(WAYS)) {
	describe(way, () => {
		for (const vector of CORPUS) {
			test(vector.name, async () => {
				assert.equal(await playVector({ port: ballast.port, upstream }, vector, pieces), '');
			});
		}
	});
}

test('the corpus is large, and each vector has a name of its own', () => {
	assert.ok(CORPUS.length >= 60, `${CORPUS.length} vectors`);
	assert.equal(new Set(CORPUS.map(({ name }) => name)).size, CORPUS.length);
});

test('the instance of these tests takes nothing that could be read in two ways', () => {
	const good = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
	assert.equal(readRequest(good)?.line, 'GET / HTTP/1.1');
	assert.equal(readRequest(good.slice(0, -1)), null);
	const poor = [
		good.replace('1.1', '1.0'),
		`${good}x`,
		good.replace('Host: a\r\n', ''),
		good.replace('\r\n\r\n', '\r\nHost: b\r\n\r\n'),
	];
	const framings = [
		'Content-Length: +1',
		'Content-Length: 01',
		'Content-Length : 1',
		'content-length: 1',
		'Transfer-Encoding: Chunked',
		'Content-Length: 0\r\nTransfer-Encoding: chunked',
		'X\x00: 1',
		'X: \x01',
		' X: 1',
	];
	for (const text of [...poor, ...framings.map((line) => good.replace('\r\n\r\n', `\r\n${line}\r\n\r\n`))]) {
		assert.throws(() => readRequest(text), JSON.stringify(text));
	}
	const chunks = (body: string) =>
		readRequest(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
	assert.equal(chunks('1\r\na\r\n0\r\n\r\n')?.body, 'a');
	for (const body of [
		'01\r\na\r\n0\r\n\r\n',
		'1;x\r\na\r\n0\r\n\r\n',
		'1 \r\na\r\n0\r\n\r\n',
		'1\r\nab\r\n0\r\n\r\n',
		'0\r\n\r\nx',
		'A\r\n',
		'0\r\nX Y\r\n\r\n',
	]) {
		assert.throws(() => chunks(body), JSON.stringify(body));
	}
});
