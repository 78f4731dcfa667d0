import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { versionOf } from '../peers/starting.ts';
import { luaScript, parseResult, runLoad } from './load.ts';
import { freePorts } from './ports.ts';

test('a plan becomes a script: fields quoted, body, pause', () => {
	const script = luaScript({
		url: '',
		seconds: 1,
		headers: { 'X-A': 'say "hi" \\ there' },
		uploadBytes: 10,
		pauseMs: 2,
	});
	assert.match(script, /wrk\.headers\["X-A"\] = "say \\"hi\\" \\\\ there"/);
	assert.match(script, /wrk\.method = "POST"\nwrk\.body = string\.rep\("x", 10\)/);
	assert.match(script, /delay = function\(\) return 2 end/);
	assert.doesNotMatch(luaScript({ url: '', seconds: 1 }), /POST|delay|headers\[/);
});

test('a result is read in seconds and milliseconds', () => {
	const output = 'Running 1s test\n\nRESULT {"requests":500,"us":2000000,"bytes":7,"errors":1,"p50":1500,"p99":2500}\n';
	assert.deepEqual(parseResult(output), { requests: 500, seconds: 2, bytes: 7, errors: 1, p50Ms: 1.5, p99Ms: 2.5 });
	assert.throws(() => parseResult('unable to connect'), /no result: unable to connect/);
});

const skip = versionOf('wrk', '-v') === undefined && 'wrk is not installed';

test('wrk runs, counts answers, and counts a 503 as an error', { skip }, async () => {
	let status = 200;
	let body = 0;
	const server = createServer((request, answer) => {
		request.on('data', (chunk: Buffer) => {
			body += chunk.length;
		});
		request.once('end', () => answer.writeHead(status, { 'content-length': 2 }).end('ok'));
	});
	const [port] = (await freePorts(1)) as [number];
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	const plan = { url: `http://127.0.0.1:${port}/`, seconds: 1, connections: 2, pauseMs: 10 };
	try {
		const good = await runLoad({ ...plan, uploadBytes: 100 });
		assert.ok(good.requests > 10 && good.errors === 0 && good.p99Ms >= good.p50Ms);
		assert.ok(body >= good.requests * 100);
		status = 503;
		const bad = await runLoad(plan);
		assert.ok(bad.errors >= bad.requests * 0.9);
	} finally {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	}
	await assert.rejects(runLoad(plan), /unable to connect/);
});
