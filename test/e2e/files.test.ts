import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { startBallast } from '../support/ballast.ts';
import { rssOf, treeOf } from '../support/process-tree.ts';
import { connect, type RawClient } from '../support/raw-client.ts';
import { eventually, get, post, suite, TRANSPORTS } from '../support/suite.ts';

const base = mkdtempSync(join(tmpdir(), 'ballast-e2e-files-'));
const root = join(base, 'public');
after(() => rmSync(base, { recursive: true }));

const SMALL = randomBytes(1000);
const LARGE = randomBytes(1_000_000);
const HUGE_BYTES = 100_000_000;

for (const folder of ['docs', 'assets', '.well-known', '.git']) mkdirSync(join(root, folder), { recursive: true });
const put = (name: string, content: string | Buffer) => writeFileSync(join(root, name), content);
put('index.html', '<h1>home</h1>');
put('docs/index.html', 'docs');
put('small.bin', SMALL);
put('large.bin', LARGE);
put('empty.txt', '');
put('a b.txt', 'blank');
put('50%.txt', 'percent');
put('50%25.txt', 'escape');
put('assets/app.3f2a1b9c.js', 'plain script');
put('assets/app.3f2a1b9c.js.br', 'br script');
put('assets/app.3f2a1b9c.js.gz', 'gzip script');
put('.env', 'SECRET');
put('.git/config', 'SECRET');
put('.well-known/security.txt', 'Contact: mailto:a@b.example');
writeFileSync(join(base, 'secret.txt'), 'SECRET');
symlinkSync('../secret.txt', join(root, 'link.txt'));
symlinkSync('..', join(root, 'up'));
symlinkSync('small.bin', join(root, 'inner.bin'));

/** How often the processes of this tree have this file open. */
const timesOpen = (pid: number, name: string): number =>
	treeOf(pid).reduce((count, each) => {
		const links = readdirSync(`/proc/${each}/fd`).map((fd) => {
			try {
				return readlinkSync(`/proc/${each}/fd/${fd}`);
			} catch {
				return '';
			}
		});
		return count + links.filter((link) => link.startsWith(join(root, name))).length;
	}, 0);

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

for (const [transport, env] of Object.entries(TRANSPORTS)) {
	describe(`files over the ${transport}`, () => {
		const it = suite(
			({ url }) => ({
				services: {
					site: {
						files: { folder: root, immutable: true, precompressed: ['br', 'gzip'] },
						routes: {
							'/api/*': { match: { host: 'api' }, files: { folder: root, fallback: '/index.html' } },
							'/static/*': {
								strip: '/static',
								files: { folder: root, cacheControl: 'public, max-age=60', cdnCacheControl: 'max-age=600' },
								headers: { response: { set: { 'X-Site': 'yes' }, remove: ['last-modified'] } },
							},
							'/impatient/*': { strip: '/impatient', files: root, timeouts: { request: '700ms', firstByte: '700ms' } },
						},
					},
					app: { match: { host: 'app' }, instances: [url] },
				},
			}),
			{ env },
		);

		test('nothing but what is in the folder is given out', async () => {
			const paths = [
				'/../secret.txt',
				'/%2e%2e/secret.txt',
				'/%2E%2E%2Fsecret.txt',
				'/..%2fsecret.txt',
				'/docs/../../secret.txt',
				'/docs/%2e%2e/%2e%2e/secret.txt',
				'/..%5csecret.txt',
				'/..\\secret.txt',
				'/%c0%ae%c0%ae/secret.txt',
				'/%252e%252e/secret.txt',
				'/....//secret.txt',
				'/./.env',
				'/.env',
				'/%2eenv',
				'/.git/config',
				'/docs/..;/.env',
				'/small.bin%00.html',
				'/link.txt',
				'/up/secret.txt',
				'//etc/passwd',
				'/static/../../secret.txt',
				'/static/..%2f..%2fsecret.txt',
				'/static//etc/passwd',
				'/docs/index.html/',
				'/assets/',
				`/${'a/'.repeat(3000)}`,
			];
			for (const path of paths) {
				const { status, text } = await it.ask(get(path));
				assert.ok([400, 404].includes(status), `${path}: ${status}`);
				assert.doesNotMatch(text, /SECRET|root:/, path);
			}
			assert.equal((await it.ask(get('/.well-known/security.txt'))).text, 'Contact: mailto:a@b.example');
			// Links may go where they like, if only they end in the folder.
			for (const path of ['/inner.bin', '/up/public/small.bin'])
				assert.deepEqual((await it.ask(get(path))).body, SMALL);
			assert.equal((await it.ask(get('/a%20b.txt'))).text, 'blank');
			// A name that is known is not taken for another's escape.
			for (const path of ['/50%2525.txt', '/50%25.txt'])
				assert.equal((await it.ask(get(path))).text, path.includes('2525') ? 'escape' : 'percent');
			assert.equal((await it.ask(get('/docs/../docs//index.html'))).text, 'docs');
		});

		test('an index, a folder without its slash, never another host', async () => {
			assert.equal((await it.ask(get('/'))).text, '<h1>home</h1>');
			assert.equal((await it.ask(get('/docs/?a=b'))).text, 'docs');
			const redirect = await it.ask(get('/docs?a=b'));
			assert.equal(redirect.status, 301);
			assert.equal(redirect.field('location'), '/docs/?a=b');
			assert.equal((await it.ask(get('/static/docs'))).field('location'), '/static/docs/');
			assert.equal((await it.ask(get('//docs'))).field('location'), '/docs/');
			assert.equal((await it.ask(get('/nothing'))).status, 404);
		});

		test('a fallback for pages, not for what they are made of', async () => {
			const ask = (path: string) => it.ask(`GET ${path} HTTP/1.1\r\nHost: api\r\n\r\n`);
			assert.equal((await ask('/api/users/7')).text, '<h1>home</h1>');
			assert.equal((await ask('/api/app.js')).status, 404);
			assert.equal((await ask('/api/.env')).status, 404);
		});

		test('GET and HEAD', async () => {
			for (const path of ['/small.bin', '/large.bin', '/empty.txt']) {
				const whole = await it.ask(get(path));
				const head = await it.ask(get(path).replace('GET', 'HEAD'), 'HEAD');
				const fields = (lines: string[]) => lines.filter((line) => !line.startsWith('Date'));
				assert.equal(head.status, 200);
				assert.deepEqual(fields(head.lines), fields(whole.lines), path);
				assert.deepEqual(whole.body, readFileSync(join(root, path)), path);
			}
			const refused = await it.ask(post('/small.bin', 'x'));
			assert.equal(refused.status, 405);
			assert.equal(refused.field('allow'), 'GET, HEAD');
		});

		test('fields by policy', async () => {
			const page = await it.ask(get('/index.html'));
			assert.equal(page.field('content-type'), 'text/html; charset=utf-8');
			assert.equal(page.field('cache-control'), 'no-cache');
			assert.equal(page.field('vary'), undefined);
			const hashed = await it.ask(get('/assets/app.3f2a1b9c.js'));
			assert.equal(hashed.field('cache-control'), 'public, max-age=31536000, immutable');
			const other = await it.ask(get('/static/small.bin'));
			assert.equal(other.field('cache-control'), 'public, max-age=60');
			assert.equal(other.field('cdn-cache-control'), 'max-age=600');
			assert.equal(other.field('x-site'), 'yes');
			assert.equal(other.field('last-modified'), undefined);
		});

		test('compressed files, by what the client likes', async () => {
			const asked: [string | null, string, string | undefined][] = [
				[null, 'plain script', undefined],
				['gzip, br', 'br script', 'br'],
				['gzip;q=1, br;q=0.2', 'gzip script', 'gzip'],
				['br;q=0, gzip;q=0', 'plain script', undefined],
				['zstd', 'plain script', undefined],
				['*', 'br script', 'br'],
			];
			const etags = new Set<string>();
			for (const [accept, text, coding] of asked) {
				const lines = accept === null ? [] : [`Accept-Encoding: ${accept}`];
				const answer = await it.ask(get('/assets/app.3f2a1b9c.js', ...lines));
				assert.equal(answer.text, text, accept ?? 'none');
				assert.equal(answer.field('content-encoding'), coding);
				assert.equal(answer.field('vary'), 'Accept-Encoding');
				assert.equal(answer.field('content-type'), 'text/javascript; charset=utf-8');
				const etag = answer.field('etag') as string;
				etags.add(etag);
				const same = await it.ask(get('/assets/app.3f2a1b9c.js', ...lines, `If-None-Match: ${etag}`));
				assert.equal(same.status, 304);
				assert.equal(same.field('vary'), 'Accept-Encoding');
			}
			assert.equal(etags.size, 3);
			const { stdout } = await promisify(execFile)('curl', [
				'-s',
				'-H',
				'Accept-Encoding: gzip',
				`${it.ballast.url}/assets/app.3f2a1b9c.js`,
			]);
			assert.equal(stdout, 'gzip script');
		});

		test('conditions', async () => {
			for (const path of ['/small.bin', '/large.bin']) {
				const first = await it.ask(get(path));
				const etag = first.field('etag') as string;
				const modified = first.field('last-modified') as string;
				assert.match(etag, /^"[\w-]+"$/);
				const same = await it.ask(get(path, `If-None-Match: "x", W/${etag}`));
				assert.equal(same.status, 304);
				assert.equal(same.field('etag'), etag);
				assert.equal(same.field('content-length'), undefined);
				assert.equal((await it.ask(get(path, `If-Modified-Since: ${modified}`))).status, 304);
				assert.equal((await it.ask(get(path, 'If-None-Match: "x"'))).status, 200);
				assert.equal((await it.ask(get(path, 'If-Match: "x"'))).status, 412);
			}
		});

		test('parts', async () => {
			for (const [path, bytes] of [
				['/small.bin', SMALL],
				['/large.bin', LARGE],
			] as const) {
				const size = bytes.length;
				const etag = (await it.ask(get(path))).field('etag');
				const parts: [string, number, number][] = [
					['bytes=0-0', 0, 1],
					['bytes=10-19', 10, 20],
					['bytes=500-', 500, size],
					['bytes=-7', size - 7, size],
					[`bytes=900-${size + 5}`, 900, size],
					['bytes=0-99,50-199', 0, 200],
				];
				for (const [range, start, end] of parts) {
					const answer = await it.ask(get(path, `Range: ${range}`, `If-Range: ${etag}`));
					assert.equal(answer.status, 206, range);
					assert.equal(answer.field('content-range'), `bytes ${start}-${end - 1}/${size}`);
					assert.ok(answer.body.equals(bytes.subarray(start, end)), range);
				}
				for (const lines of [
					['Range: bytes=0-1,5-6'],
					['Range: bytes=5-1'],
					['Range: lines=0-1'],
					['Range: bytes=0-1', 'If-Range: "other"'],
					['Range: bytes=0-1', `If-Range: W/${etag}`],
				]) {
					const answer = await it.ask(get(path, ...lines));
					assert.equal(answer.status, 200, lines.join());
					assert.ok(answer.body.equals(bytes));
				}
				const none = await it.ask(get(path, `Range: bytes=${size}-`));
				assert.equal(none.status, 416);
				assert.equal(none.field('content-range'), `bytes */${size}`);
			}
		});

		test('requests that follow one another, at once and in turn', async () => {
			const client = await it.client();
			client.send(
				get('/small.bin') +
					get('/large.bin') +
					get('/docs') +
					get('/large.bin').replace('GET', 'HEAD') +
					get('/nothing') +
					get('/large.bin', 'Range: bytes=-100000') +
					get('/small.bin'),
			);
			assert.ok((await client.answer()).body.equals(SMALL));
			assert.ok((await client.answer()).body.equals(LARGE));
			assert.equal((await client.answer()).status, 301);
			assert.equal((await client.answer({ method: 'HEAD' })).field('content-length'), `${LARGE.length}`);
			assert.equal((await client.answer()).status, 404);
			assert.ok((await client.answer()).body.equals(LARGE.subarray(-100_000)));
			assert.ok((await client.answer()).body.equals(SMALL));
		});

		test('HTTP/1.0', async () => {
			const old = await it.client();
			old.send('GET /large.bin HTTP/1.0\r\nHost: a\r\n\r\n');
			assert.ok((await old.answer()).body.equals(LARGE));
			await old.until(() => old.ended, 'the end');
			const kept = await it.client();
			for (let turn = 0; turn < 2; turn++) {
				kept.send('GET /large.bin HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
				const answer = await kept.answer();
				assert.ok(answer.body.equals(LARGE));
				assert.equal(answer.field('connection'), 'keep-alive');
			}
		});

		test('a file that is put in place of another while it is sent: each is whole', async () => {
			put('replaced.bin', Buffer.alloc(20_000_000, 'a'));
			const slow = await it.client();
			slow.send(get('/replaced.bin'));
			await slow.read(100_000);
			slow.socket.pause();
			put('next.bin', Buffer.alloc(1_000_000, 'b'));
			renameSync(join(root, 'next.bin'), join(root, 'replaced.bin'));
			const fresh = await eventually(
				() => it.ask(get('/replaced.bin')),
				({ body }) => body[0] === 98,
			);
			assert.equal(fresh.body.length, 1_000_000);
			slow.socket.resume();
			const rest = slow.received.indexOf('\r\n\r\n') + 4 + 20_000_000;
			await slow.until(() => slow.received.length >= rest, 'the rest', 20_000);
			assert.equal(slow.received.indexOf('b', rest - 20_000_000), -1);
		});

		test('a file that becomes shorter while it is sent breaks off', async () => {
			put('cut.bin', Buffer.alloc(20_000_000, 'a'));
			const client = await it.client();
			client.send(get('/cut.bin'));
			await client.read(100_000);
			client.socket.pause();
			truncateSync(join(root, 'cut.bin'), 200_000);
			client.socket.resume();
			await client.until(() => client.closed, 'the end', 10_000);
			assert.equal(client.error, 'ECONNRESET');
			assert.ok(client.received.length < 20_000_000);
		});

		test('a client that leaves takes nothing with it', async () => {
			put('left.bin', Buffer.alloc(20_000_000, 'a'));
			const clients = await Promise.all(Array.from({ length: 20 }, () => it.client({ paused: true })));
			for (const client of clients) client.send(get('/left.bin'));
			await eventually(
				() => timesOpen(it.ballast.pid, 'left.bin'),
				(times) => times > 0,
			);
			const times = timesOpen(it.ballast.pid, 'left.bin');
			assert.ok(times <= 1, `it is open ${times} times for 20 clients`);
			for (const [at, client] of clients.entries()) at % 2 === 0 ? client.reset() : client.destroy();
			// What nobody reads is closed within some seconds.
			await eventually(
				() => timesOpen(it.ballast.pid, 'left.bin'),
				(left) => left === 0,
				20_000,
			);
		});

		test('a large file may take longer than a request may', async () => {
			put('patient.bin', Buffer.alloc(20_000_000, 'p'));
			const client = await it.client();
			client.send(get('/impatient/patient.bin'));
			await client.read(1000);
			client.socket.pause();
			await new Promise((resolve) => setTimeout(resolve, 1200));
			client.socket.resume();
			await client.until(() => client.received.length > 20_000_000, 'the rest', 20_000);
		});
	});
}

describe('large files', () => {
	const huge = join(root, 'huge.bin');
	const it = suite(() => ({ services: { site: { files: root } } }));

	test('100 MB to one who reads slowly and to 100 who do not read: memory stays flat, the bytes are right', async () => {
		const piece = randomBytes(1_000_000);
		const content = Buffer.concat(
			Array.from({ length: HUGE_BYTES / piece.length }, (_, at) =>
				Buffer.concat([Buffer.from([at]), piece.subarray(1)]),
			),
		);
		writeFileSync(huge, content);
		await it.ask(get('/small.bin'));
		const before = rssOf(it.ballast.pid);
		const idle = await Promise.all(Array.from({ length: 100 }, () => it.client({ paused: true })));
		for (const client of idle) client.send(get('/huge.bin'));
		const client = await it.client();
		const hash = createHash('sha256');
		client.keep = false;
		client.send(get('/huge.bin'));
		let taken = 0;
		let most = 0;
		let head = Buffer.alloc(0);
		client.socket.on('data', (bytes: Buffer) => {
			taken += bytes.length;
			if (head.length < 1000) {
				const joined = Buffer.concat([head, bytes]);
				const end = joined.indexOf('\r\n\r\n') + 4;
				hash.update(joined.subarray(end));
				head = Buffer.alloc(1000);
			} else hash.update(bytes);
			most = Math.max(most, rssSample());
			slow(client, taken);
		});
		const rssSample = sampler(it.ballast.pid);
		await client.until(() => client.bytes >= HUGE_BYTES, 'the file', 30_000);
		await eventually(
			() => client.bytes,
			(bytes) => bytes > HUGE_BYTES,
		);
		assert.equal(hash.digest('hex'), hashOf(content));
		// A piece for each of those that wait, and what the runtime keeps beside them.
		assert.ok(most - before < 60_000_000, `grew by ${most - before} bytes`);
		rmSync(huge);
	});

	test('who is in the middle of a file when Ballast ends gets the rest', async () => {
		const other = await startBallast(
			{ workers: 1, stop: '20s', services: { site: { files: root } } },
			{ ready: false },
		);
		const client = await connect(other.port);
		client.send(get('/large.bin'));
		await client.read(1000);
		client.socket.pause();
		process.kill(other.pid, 'SIGTERM');
		await other.printed(/stopp|drain|ending/i);
		client.socket.resume();
		const body = client.received.indexOf('\r\n\r\n') + 4;
		await client.until(() => client.received.length >= body + LARGE.length, 'the rest');
		assert.ok(client.received.subarray(body).equals(LARGE));
		client.destroy();
		await other.stop();
	});
});

/** Resident memory, looked at ten times a second at most. */
function sampler(pid: number): () => number {
	let at = 0;
	let last = 0;
	return () => {
		if (performance.now() - at > 100) {
			at = performance.now();
			last = rssOf(pid);
		}
		return last;
	};
}

/** Pauses a while after every 10 MB. */
function slow(client: RawClient, taken: number): void {
	if (Math.floor(taken / 10_000_000) === Math.floor((taken - 65_536) / 10_000_000)) return;
	client.socket.pause();
	setTimeout(() => client.socket.resume(), 50);
}
