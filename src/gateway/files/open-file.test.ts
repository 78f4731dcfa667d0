import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	closeSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { openFile } from './open-file.ts';

const base = mkdtempSync(join(tmpdir(), 'ballast-files-'));
const root = join(base, 'public');
mkdirSync(join(root, 'sub'), { recursive: true });
mkdirSync(join(base, 'public-secret'));
writeFileSync(join(root, 'a.txt'), 'inside');
writeFileSync(join(base, 'public-secret', 'a.txt'), 'outside');
after(() => rmSync(base, { recursive: true }));

/** The kind, or what the opened file holds. */
async function opened(path: string, folder = root): Promise<string> {
	const found = await openFile(folder, path);
	if (found.kind !== 'file') return found.kind;
	const text = readFileSync(found.fd, 'utf8');
	closeSync(found.fd);
	return text;
}

suite('openFile', () => {
	test('a file, a folder, nothing', async () => {
		assert.equal(await opened('/a.txt'), 'inside');
		assert.equal(await opened('/sub'), 'folder');
		assert.equal(await opened('/none'), 'missing');
		assert.equal(await opened('/a.txt/b'), 'missing');
		assert.equal(await opened(`/${'x'.repeat(300)}`), 'missing');
	});

	test('links may lead about in the folder, and not out of it', async () => {
		symlinkSync('a.txt', join(root, 'in'));
		symlinkSync('../public-secret/a.txt', join(root, 'out'));
		symlinkSync('../public-secret', join(root, 'folder-out'));
		symlinkSync('/etc', join(root, 'etc'));
		symlinkSync('loop', join(root, 'loop'));
		assert.equal(await opened('/in'), 'inside');
		for (const path of ['/out', '/folder-out/a.txt', '/folder-out', '/etc/hostname', '/etc', '/loop'])
			assert.equal(await opened(path), 'missing', path);
	});

	test('the folder itself may be a link, and be led elsewhere', async () => {
		const current = join(base, 'current');
		symlinkSync('public', current);
		assert.equal(await opened('/a.txt', current), 'inside');
		symlinkSync('public-secret', join(base, 'next'));
		renameSync(join(base, 'next'), current);
		assert.equal(await opened('/a.txt', current), 'outside');
	});

	test('pipes, sockets and devices are nothing, and nobody waits for them', async () => {
		execFileSync('mkfifo', [join(root, 'pipe')]);
		const server = net.createServer();
		await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
		assert.equal(await opened('/pipe'), 'missing');
		assert.equal(await opened('/socket'), 'missing');
		assert.equal(await opened('/null', '/dev'), 'missing');
		server.close();
	});

	test('what is put in place of a folder while it is opened is never given out', async () => {
		const spot = join(root, 'spot');
		mkdirSync(join(root, 'real'));
		writeFileSync(join(root, 'real', 'a.txt'), 'inside');
		symlinkSync('real', spot);
		const seen = new Set<string>();
		for (let at = 0; at < 300; at++) {
			const next = join(root, `next${at % 2}`);
			symlinkSync(at % 2 === 0 ? '../public-secret' : 'real', next);
			const opening = opened('/spot/a.txt');
			renameSync(next, spot);
			seen.add(await opening);
		}
		assert.ok(!seen.has('outside'));
		assert.ok(seen.has('missing') && seen.has('inside'), [...seen].join());
	});
});
