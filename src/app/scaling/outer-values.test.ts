import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import type { FigureSource } from '../../core/metric.ts';
import { until } from '../../instances/testing-watcher.ts';
import { DEFAULT_SCALE } from '../../scaling/default-policy.ts';
import type { SignalSource } from '../../scaling/policy.ts';
import { OuterValues } from './outer-values.ts';

const NOTHING: FigureSource = { find: () => undefined, list: () => [], at: async () => [], range: async () => [] };
const NOW = Date.UTC(2026, 10, 28, 12);
const closing: (() => void)[] = [];

afterEach(() => {
	for (const close of closing.splice(0)) close();
});

async function prometheus(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<SignalSource> {
	const server = createServer(answer);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	closing.push(() => {
		server.close();
		server.closeAllConnections();
	});
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prom`;
	return { from: 'prometheus', url, query: 'sum(backlog{a="b"})', headers: { authorization: 'Bearer s3cret' } };
}

const json = (value: unknown) => (_: IncomingMessage, response: ServerResponse) => response.end(JSON.stringify(value));
const vector = (...values: string[]) =>
	json({ status: 'success', data: { resultType: 'vector', result: values.map((value) => ({ value: [1, value] })) } });

/** What it says once it was answered. */
async function said(source: SignalSource): Promise<unknown> {
	const values = new OuterValues(NOTHING);
	const read = () => values.read('x', source, DEFAULT_SCALE, NOW);
	assert.equal(read(), 'no answer yet');
	await until(() => read() !== 'no answer yet');
	return read();
}

test('a Prometheus is asked for one value, with its secret and its path', async () => {
	const asked: string[] = [];
	const source = await prometheus((request, response) => {
		request.on('data', (data) => asked.push(`${request.url} ${request.headers.authorization} ${data}`));
		request.on('end', () => vector('42.5')(request, response));
	});
	assert.deepEqual(await said(source), { stable: { value: 42.5 }, panic: { value: 42.5 } });
	assert.deepEqual(asked, ['/prom/api/v1/query Bearer s3cret query=sum%28backlog%7Ba%3D%22b%22%7D%29']);
});

test('what is no one value is no value, and why', async () => {
	const cases: [Parameters<typeof prometheus>[0], RegExp][] = [
		[vector('1', '2'), /^the query gives 2 values; write sum/],
		[vector(), /^the query gives no value$/],
		[vector('NaN'), /^the query gives no number$/],
		[json({ status: 'error', error: 'parse error: \u001b[31m' }), /^it answered: parse error/],
		[json([]), /^it answered 200 without a result$/],
		[(_, response) => response.end('<html>'), /^it answered 200 without JSON$/],
		[(_, response) => response.end('x'.repeat(2_000_000)), /^its answer is too long$/],
		[(_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /^it cannot be reached/],
		[(request) => request.socket.destroy(), /^it cannot be reached/],
	];
	for (const [answer, expected] of cases) assert.match(String(await said(await prometheus(answer))), expected);
});

test('a figure: over the window, and over the short one; without values it is not known', async () => {
	const asked: number[] = [];
	const figures: FigureSource = {
		...NOTHING,
		at: async ({ overMs }, timeMs) => {
			asked.push(overMs);
			return timeMs > NOW ? [] : [{ labels: {}, value: overMs }];
		},
	};
	const values = new OuterValues(figures);
	const source: SignalSource = { from: 'figure', query: { figure: 'queue.length', where: {}, by: [], overMs: 0 } };
	const read = (atMs: number) => values.read('x', source, DEFAULT_SCALE, atMs);
	read(NOW);
	await until(() => typeof read(NOW) === 'object');
	assert.deepEqual(read(NOW), { stable: { value: 30_000 }, panic: { value: 6000 } });
	assert.deepEqual(asked, [30_000, 6000]);
	read(NOW + 1000);
	await until(() => typeof read(NOW + 1000) === 'string');
	assert.equal(read(NOW + 1000), 'it has no values');
});
