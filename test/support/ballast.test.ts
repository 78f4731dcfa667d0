import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';
import { startBallast } from './ballast.ts';

const api = http.createServer((request, response) => response.end(`${request.method} ${request.url}`));
test.before(() => new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve)));
test.after(() => api.close());

const config = () => {
	const { port } = api.address() as { port: number };
	return { workers: 1, services: { app: { instances: { urls: [`http://127.0.0.1:${port}`] } } } };
};

test('starts on free ports, serves, takes commands and leaves nothing', async () => {
	const ballast = await startBallast(config());
	try {
		assert.equal(await (await fetch(`${ballast.url}/x`)).text(), 'GET /x');
		assert.equal((await fetch(`http://127.0.0.1:${ballast.adminPort}/ready`)).status, 200);
		ballast.configure({ ...config(), services: { other: { instances: config().services.app.instances } } });
		const from = ballast.output().length;
		await ballast.control('reload');
		await ballast.printed('reloaded', { from });
	} finally {
		assert.deepEqual(await ballast.stop(), { code: 0, signal: null }, ballast.output());
	}
	assert.equal(existsSync(ballast.folder), false);
	assert.deepEqual(await ballast.stop(), { code: 0, signal: null });
});

test('a start that fails says what was printed and ends', async () => {
	await assert.rejects(startBallast('services: { app: { intances: 1 } }\n'), /ended before it printed[\s\S]*intances/);
	await assert.rejects(startBallast(config(), { startMs: 1 }), /has not printed/);
});
