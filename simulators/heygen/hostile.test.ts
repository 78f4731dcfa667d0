import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type Client, isError, running, VIDEO } from './testing/client.ts';

const raw = async (client: Client, path: string, body: string | Buffer, type = 'application/json') => {
	const headers = { 'x-api-key': 'simulator-key', 'content-type': type };
	const answer = await fetch(`${client.simulator.url}${path}`, { method: 'POST', headers, body });
	return { status: answer.status, headers: answer.headers, body: await answer.json() };
};

test('bodies that are not what they should be are refused', async (t) => {
	const client = await running(t);
	for (const body of ['{', '[]', 'null', '"x"', '7', '{"type":', Buffer.from([0xff, 0xfe, 0])])
		isError(await raw(client, '/v3/videos', body), 400, 'invalid_parameter');
	for (const body of ['{}', '{"videos":{}}', '{"videos":[]}', '{"videos":"x"}'])
		isError(await raw(client, '/v3/videos/batches', body), 400, 'invalid_parameter');
	const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
	isError(await raw(client, '/v3/videos', `{"type":${deep}}`), 400, 'invalid_parameter');
	for (const fields of [
		{ __proto__: { type: 'avatar' } },
		{ constructor: 1 },
		{ avatar_id: ['a'] },
		{ avatar_id: { a: 1 } },
		{ script: 9 },
		{ voice_id: true },
	])
		assert.ok((await client.post('/v3/videos', { type: 'avatar', ...fields })).status >= 400);
	isError(await raw(client, '/v3/assets', 'x'), 400, 'invalid_parameter');
	for (const body of [
		'',
		'--b',
		'--b--',
		'--b\r\n\r\n--b--',
		`--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n--b--`,
	])
		isError(await raw(client, '/v3/assets', body, 'multipart/form-data; boundary=b'), 400, 'invalid_parameter');
	assert.equal(client.simulator.ledger().jobs.length, 0);
});

test('a body that is too large is refused without being read', async (t) => {
	const client = await running(t);
	const reply = await raw(client, '/v3/videos', JSON.stringify({ ...VIDEO, title: 'x'.repeat(3 * 1024 * 1024) })).catch(
		() => undefined,
	);
	// The client may see its own writing fail before it sees the answer.
	assert.equal(reply?.status ?? 413, 413);
	const socket = connect(client.simulator.port, '127.0.0.1');
	socket.write('POST /v3/videos HTTP/1.1\r\nhost: x\r\nx-api-key: simulator-key\r\ntransfer-encoding: chunked\r\n\r\n');
	const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
	let answer = '';
	socket
		.setEncoding('utf8')
		.on('data', (text) => (answer += text))
		.on('error', () => {});
	const closed = new Promise((resolve) => socket.once('close', resolve));
	for (let at = 0; at < 64 && !socket.destroyed; at++) socket.write(chunk);
	await closed;
	// As above.
	assert.match(answer, /^(?:HTTP\/1\.1 413 |$)/);
	assert.equal(client.simulator.calls()['POST /v3/videos']?.['413'], 2);
	await client.create();
});

test('nonsense in paths, queries and on the wire ends nothing', async (t) => {
	const client = await running(t);
	for (const path of [
		'/',
		'//',
		'/v3',
		'/v3/videos/',
		'/v3/videos/%00',
		'/v3/videos/__proto__',
		'/v3/videos/../../etc',
		'/v3/videos/constructor',
		`/v3/videos/${'x'.repeat(8000)}`,
	])
		assert.ok([404, 431].includes((await client.get(path)).status), path);
	for (const query of ['limit=0', 'limit=x', 'limit=1.5', 'limit=101', 'limit=-1', 'token=e30', 'token=%ff'])
		isError(await client.get(`/v3/videos?${query}`), 400, 'invalid_parameter');
	for (const path of [
		'/_files',
		'/_files/',
		'/_files/video',
		'/_files/video/__proto__',
		'/_files/x/y',
		'/_files/video/v.mp4?Expires=NaN&Signature=',
	])
		assert.ok((await client.get(path)).status >= 400, path);
	for (const method of ['PUT', 'PATCH', 'OPTIONS', 'TRACE'].filter((each) => each !== 'TRACE'))
		assert.equal((await client.ask(method, '/v3/videos')).status, 404, method);
	for (const bytes of [
		'\0\0\0\0',
		'GET\r\n\r\n',
		'GET / HTTP/9.9\r\n\r\n',
		'POST /v3/videos HTTP/1.1\r\ncontent-length: -1\r\n\r\n',
	]) {
		const socket = connect(client.simulator.port, '127.0.0.1');
		socket.on('error', () => {});
		socket.resume().end(bytes);
		await new Promise((resolve) => socket.once('close', resolve));
	}
	assert.equal(client.simulator.calls()['own faults'], undefined);
	await client.create();
});

test('the control interface refuses what it does not know', async (t) => {
	const client = await running(t);
	assert.equal((await client.get('/_simulator/nothing')).status, 404);
	assert.equal((await client.post('/_simulator', {})).status, 404);
	for (const [path, body] of [
		['knobs', { failureRate: 2 }],
		['knobs', { failureRat: 0.1 }],
		['knobs', []],
		['advance', {}],
		['advance', { ms: -1 }],
		['restart', { downMs: 'long' }],
		['account', { name: 'nobody' }],
		['account', { name: 'main', keys: ['x'] }],
	] as const) {
		const reply = await client.post(`/_simulator/${path}`, body);
		assert.equal(reply.status, 400, `${path} ${JSON.stringify(body)}`);
		assert.equal(typeof reply.body.problem, 'string');
	}
	const { body } = await client.post('/_simulator/knobs', { failureRate: 0.1, renderP50Ms: '3m' });
	assert.deepEqual([body.failureRate, body.renderP50Ms], [0.1, 180_000]);
	assert.equal((await client.get('/_simulator')).body.seed, '1');
});
