import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { versionOf } from '../peers/starting.ts';
import {
	HUGE_ANSWER_BYTES,
	LARGE_ANSWER_BYTES,
	SMALL_ANSWER_BYTES,
	startUpstream,
	UPLOAD_BYTES,
	type Upstream,
} from './upstream.ts';

const skip = versionOf('nginx', '-v') === undefined && 'nginx is not installed';
let folder: string;
let upstream: Upstream;

before(async () => {
	if (skip) return;
	folder = await mkdtemp(join(tmpdir(), 'ballast-bench-test-'));
	upstream = await startUpstream(folder, '0');
});
after(async () => {
	if (skip) return;
	await upstream.stop();
	await rm(folder, { recursive: true, force: true });
});

test('the small answer has its size on both ports', { skip }, async () => {
	for (const port of upstream.ports) {
		const text = await new Promise<string>((resolve, reject) => {
			let received = '';
			const socket = connect(port, '127.0.0.1', () => socket.write('GET /json HTTP/1.1\r\nHost: a\r\n\r\n'));
			socket.on('error', reject).on('data', (chunk: Buffer) => {
				received += chunk.toString('latin1');
				if (received.endsWith('}\n')) {
					socket.destroy();
					resolve(received);
				}
			});
		});
		assert.equal(text.length, SMALL_ANSWER_BYTES);
		assert.equal((JSON.parse(text.slice(text.indexOf('{'))) as { status: string }).status, 'done');
	}
});

test('the larger answers have their sizes', { skip }, async () => {
	const url = `http://127.0.0.1:${upstream.ports[0]}`;
	assert.equal((await (await fetch(`${url}/64k`)).arrayBuffer()).byteLength, LARGE_ANSWER_BYTES);
	assert.equal((await (await fetch(`${url}/10m`)).arrayBuffer()).byteLength, HUGE_ANSWER_BYTES);
});

test('an upload is read to its end before it is answered', { skip }, async () => {
	const port = upstream.ports[0] as number;
	const socket = connect(port, '127.0.0.1');
	let received = '';
	socket.on('data', (chunk: Buffer) => {
		received += chunk.toString('latin1');
	});
	socket.write(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
	socket.write(Buffer.alloc(UPLOAD_BYTES - 1));
	await new Promise((resolve) => setTimeout(resolve, 200));
	assert.equal(received, '');
	socket.write('x');
	while (!received.includes('received')) await new Promise((resolve) => setTimeout(resolve, 10));
	assert.match(received, /^HTTP\/1\.1 200/);
	socket.destroy();
});
