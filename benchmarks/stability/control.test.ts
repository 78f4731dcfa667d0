import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { must, send } from './control.ts';

async function withControl(
	replies: readonly string[],
	work: (path: string, asked: string[]) => Promise<void>,
): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'ballast-bench-test-'));
	const asked: string[] = [];
	const server = createServer((socket) => {
		socket
			.on('error', () => undefined)
			.on('data', (chunk) => {
				asked.push(chunk.toString());
				for (const reply of replies) socket.write(reply);
				socket.end();
			});
	});
	const path = join(folder, 'c.sock');
	await new Promise<void>((resolve) => server.listen(path, resolve));
	try {
		await work(path, asked);
	} finally {
		await new Promise((resolve) => server.close(resolve));
		await rm(folder, { recursive: true });
	}
}

test('lines of progress are passed over, the reply is read however it is split', async () => {
	await withControl(['{"id":1,"line":"starting"}\n{"id":1,"o', 'k":true,"result":{"n":1}}\n'], async (path, asked) => {
		assert.deepEqual(await must(path, 'scale', { n: 1 }), { n: 1 });
		assert.deepEqual(asked, ['{"id":1,"command":"scale","args":{"n":1}}\n']);
	});
});

test('a refusal is a reply for send and an error for must', async () => {
	await withControl(['{"id":1,"ok":false,"code":"config_invalid","message":"no"}\n'], async (path) => {
		assert.deepEqual(await send(path, 'reload'), {
			ok: false,
			result: undefined,
			code: 'config_invalid',
			message: 'no',
		});
		await assert.rejects(must(path, 'reload'), /reload was refused: config_invalid no/);
	});
});

test('a socket that closes without a reply, or is not there, is an error', async () => {
	await withControl([], async (path) => {
		await assert.rejects(send(path, 'status'), /closed without a reply/);
	});
	await assert.rejects(send('/does/not/exist.sock', 'status'), /status: .*ENOENT/);
});
