/** Compression by the real program: of stored answers, of those that pass, and of files. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, constants, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { fetch } from 'undici';
import type { Answer } from '../support/raw-client.ts';
import { eventually, get, type Suite, suite } from '../support/suite.ts';

const run = promisify(execFile);
const FRESH = 'Cache-Control: max-age=600';
const JSON_TYPE = 'Content-Type: application/json';
const CODINGS = ['br', 'zstd', 'gzip'] as const;

/** Text that is no good to guess, but gets smaller. */
function words(bytes: number, seed = 1): string {
	let text = '';
	for (let i = seed; text.length < bytes; i++)
		text += `{"id":${i},"key":"${(Math.imul(i, 2654435761) >>> 0).toString(36)}"},`;
	return text.slice(0, bytes);
}

const TEXT = words(20_000);

/** A whole answer of 200. */
const ok = (text: string, ...lines: string[]): string =>
	`HTTP/1.1 200 OK\r\n${[...lines, `Content-Length: ${text.length}`].join('\r\n')}\r\n\r\n${text}`;

function plainOf(answer: Answer): string {
	const coding = answer.field('content-encoding');
	if (coding === undefined) return answer.text;
	const decode = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync }[coding];
	assert.ok(decode !== undefined, coding);
	return decode(answer.body).toString('latin1');
}

const asked = (it: Suite, path: string, coding: string, ...lines: string[]): Promise<Answer> =>
	it.ask(get(path, `Accept-Encoding: ${coding}`, ...lines));

/** In that coding, for which who asks first may not have the time. */
const coded = (it: Suite, path: string, coding: string): Promise<Answer> =>
	eventually(
		() => asked(it, path, coding),
		(answer) => answer.field('content-encoding') === coding,
	);

const root = mkdtempSync(join(tmpdir(), 'ballast-e2e-compress-'));
after(() => rmSync(root, { recursive: true }));
writeFileSync(join(root, 'app.js'), TEXT);
writeFileSync(join(root, 'both.js'), TEXT);
writeFileSync(join(root, 'both.js.gz'), gzipSync(TEXT, { level: 9 }));
writeFileSync(join(root, 'photo.png'), TEXT);
writeFileSync(join(root, 'large.js'), words(100_000));

const it = suite(({ url }) => ({
	workers: 2,
	services: {
		app: {
			instances: [url],
			cache: {},
			compress: true,
			retry: { attempts: 1 },
			routes: {
				'GET /off/*': { compress: 'off' },
				'GET /gzip/*': { compress: ['gzip'] },
				'/pass/*': { cache: 'off' },
				'/pass/set/*': { headers: { response: { set: { Vary: 'Origin' }, remove: ['etag'] } } },
				'/files/*': { files: { folder: root, precompressed: ['gzip'] }, strip: '/files' },
			},
		},
	},
}));

describe('stored answers', () => {
	test('are made smaller once, and the origin is asked once', async () => {
		it.upstream.on('/page', ok(TEXT, FRESH, JSON_TYPE, 'ETag: "1"', 'Accept-Ranges: bytes'));
		for (const coding of CODINGS) {
			const answer = await coded(it, '/page', coding);
			assert.equal(plainOf(answer), TEXT);
			assert.ok(answer.body.length < TEXT.length / 2);
			assert.equal(answer.field('content-length'), String(answer.body.length));
			assert.equal(answer.field('etag'), 'W/"1"');
			assert.equal(answer.field('vary'), 'Accept-Encoding');
			assert.deepEqual(answer.fields('accept-ranges'), []);
			assert.deepEqual(answer.fields('content-encoding'), [coding]);
			assert.match(answer.field('cache-status') ?? '', /hit|stored/);
			// From here on it is there, for whichever worker is asked.
			for (let i = 0; i < 4; i++) assert.deepEqual((await asked(it, '/page', coding)).body, answer.body);
		}
		const plain = await it.ask(get('/page'));
		assert.equal(plain.text, TEXT);
		assert.deepEqual(
			[plain.field('etag'), plain.field('vary'), plain.field('accept-ranges')],
			['"1"', 'Accept-Encoding', 'bytes'],
		);
		assert.equal(it.upstream.count('/page'), 1);
	});

	test('one who refuses plain content, and one who likes something else better', async () => {
		it.upstream.on('/weights', ok(TEXT, FRESH, JSON_TYPE));
		assert.equal(plainOf(await coded(it, '/weights', 'gzip')), TEXT);
		const cases: [string, string | undefined][] = [
			['gzip;q=0.5, br;q=0, zstd;q=0, identity;q=0', 'gzip'],
			['identity, gzip;q=0.5', undefined],
			['gzip;q=0, *;q=0', undefined],
			['deflate', undefined],
		];
		for (const [accept, coding] of cases)
			assert.equal((await asked(it, '/weights', accept)).field('content-encoding'), coding, accept);
	});

	test('conditions hold for either form', async () => {
		it.upstream.on('/condition', ok(TEXT, FRESH, JSON_TYPE, 'ETag: "c"'));
		await coded(it, '/condition', 'gzip');
		const cases: [accept: string, tag: string, status: number, etag: string][] = [
			['gzip', 'W/"c"', 304, 'W/"c"'],
			['gzip', '"c"', 304, 'W/"c"'],
			['identity', 'W/"c"', 304, '"c"'],
			['identity', '"c"', 304, '"c"'],
			['gzip', '"d"', 200, 'W/"c"'],
		];
		for (const [accept, tag, status, etag] of cases) {
			const answer = await asked(it, '/condition', accept, `If-None-Match: ${tag}`);
			assert.deepEqual([answer.status, answer.field('etag'), answer.field('vary')], [status, etag, 'Accept-Encoding']);
			if (status === 304) assert.equal(answer.field('content-encoding'), undefined);
		}
	});

	test('a part is one of the plain form', async () => {
		it.upstream.on('/part', ok(TEXT, FRESH, JSON_TYPE, 'ETag: "p"'));
		await coded(it, '/part', 'gzip');
		const part = await asked(it, '/part', 'gzip', 'Range: bytes=5-9');
		assert.deepEqual([part.status, part.text, part.field('etag')], [206, TEXT.slice(5, 10), '"p"']);
		assert.equal(part.field('content-encoding'), undefined);
		assert.equal(part.field('vary'), 'Accept-Encoding');
		assert.equal((await asked(it, '/part', 'gzip', 'Range: bytes=99999-')).status, 416);
		const whole = await asked(it, '/part', 'gzip', 'Range: bytes=5-9', 'If-Range: W/"p"');
		assert.deepEqual([whole.status, whole.field('content-encoding'), plainOf(whole)], [200, 'gzip', TEXT]);
	});

	test('HEAD says what GET would', async () => {
		it.upstream.on('/head', ok(TEXT, FRESH, JSON_TYPE, 'ETag: "h"'));
		const { body } = await coded(it, '/head', 'br');
		const head = await it.ask(get('/head', 'Accept-Encoding: br').replace('GET', 'HEAD'), 'HEAD');
		const said = ['content-encoding', 'content-length', 'etag', 'vary'].map((name) => head.field(name));
		assert.deepEqual(said, ['br', String(body.length), 'W/"h"', 'Accept-Encoding']);
	});

	test('a 304 of the origin renews both forms, another answer makes an end of both', async () => {
		let text = TEXT;
		it.upstream.on('/renewed', ({ lines }, peer) => {
			const etag = `"${text.length}"`;
			const same = lines.some((line) => line.toLowerCase() === `if-none-match: ${etag}`);
			const fields = [`ETag: ${etag}`, 'Cache-Control: max-age=0', JSON_TYPE];
			peer.send(same ? `HTTP/1.1 304 Not Modified\r\n${fields.join('\r\n')}\r\n\r\n` : ok(text, ...fields));
		});
		await coded(it, '/renewed', 'gzip');
		const renewed = await coded(it, '/renewed', 'gzip');
		assert.equal(renewed.field('etag'), 'W/"20000"');
		text = words(30_000, 7);
		const changed = await coded(it, '/renewed', 'gzip');
		assert.equal(plainOf(changed), text);
		assert.equal(changed.field('etag'), 'W/"30000"');
		assert.equal((await asked(it, '/renewed', 'identity')).text, text);
	});

	test('what changes the plain form is never answered by an old compressed one', async () => {
		let version = 0;
		it.upstream.on('/changing', ({ method }, peer) => {
			if (method === 'POST') version++;
			peer.send(method === 'POST' ? ok('done') : ok(words(5000, version), FRESH, JSON_TYPE));
		});
		for (let i = 0; i < 5; i++) {
			assert.equal(plainOf(await coded(it, '/changing', 'zstd')), words(5000, i));
			await it.ask('POST /changing HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
		}
		assert.equal(await purged(it, '/changing'), 1);
		await coded(it, '/changing', 'zstd');
		await it.ballast.control('purge', { everything: true });
		version = 9;
		assert.equal(plainOf(await coded(it, '/changing', 'zstd')), words(5000, 9));
	});

	test('what is not to be compressed is not, and does not say that it varies', async () => {
		const cases: [path: string, ...lines: string[]][] = [
			['/off/a', JSON_TYPE],
			['/type', 'Content-Type: image/png'],
			['/transform', JSON_TYPE, 'Cache-Control: no-transform'],
			['/digest', JSON_TYPE, 'Repr-Digest: sha-256=:AA==:'],
			['/encoded', JSON_TYPE, 'Content-Encoding: x-own'],
		];
		for (const [path, ...lines] of cases) {
			it.upstream.on(path, ok(TEXT, FRESH, ...lines, 'ETag: "n"'));
			for (let i = 0; i < 2; i++) {
				const answer = await asked(it, path, 'gzip');
				const said = ['content-encoding', 'etag', 'vary'].map((name) => answer.field(name));
				assert.deepEqual(said, [path === '/encoded' ? 'x-own' : undefined, '"n"', undefined], path);
				assert.equal(answer.text, TEXT);
			}
		}
		it.upstream.on('/small', ok(TEXT.slice(0, 1023), FRESH, JSON_TYPE));
		assert.equal((await asked(it, '/small', 'gzip')).field('vary'), undefined);
	});

	test('an origin that compresses is left to it', async () => {
		const gzipped = gzipSync(TEXT);
		it.upstream.on('/own', (request, peer) => {
			const lines = [FRESH, JSON_TYPE, 'Vary: Accept-Encoding'];
			if (request.field('accept-encoding') !== 'gzip') return peer.send(ok(TEXT, ...lines));
			peer.send(
				`HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\nContent-Encoding: gzip\r\nContent-Length: ${gzipped.length}\r\n\r\n`,
			);
			peer.send(gzipped);
		});
		for (let i = 0; i < 2; i++) {
			assert.deepEqual((await asked(it, '/own', 'gzip')).body, gzipped);
			assert.equal((await it.ask(get('/own'))).text, TEXT);
		}
		assert.equal(it.upstream.count('/own'), 2);
	});

	test('only in the codings of the route', async () => {
		it.upstream.on('/gzip/a', ok(TEXT, FRESH, JSON_TYPE));
		assert.equal((await coded(it, '/gzip/a', 'gzip')).field('content-encoding'), 'gzip');
		assert.equal((await asked(it, '/gzip/a', 'br, gzip;q=0.1')).field('content-encoding'), 'gzip');
		assert.equal((await asked(it, '/gzip/a', 'br')).text, TEXT);
	});

	test('what does not get smaller stays as it is', async () => {
		const noise = Buffer.from(gzipSync(words(60_000))).toString('latin1');
		it.upstream.on('/noise', ok(noise, FRESH, JSON_TYPE));
		for (let i = 0; i < 4; i++) {
			const answer = await asked(it, '/noise', 'gzip');
			assert.equal(answer.field('content-encoding'), undefined);
			assert.equal(answer.text, noise);
		}
	});

	test('many at once on a cold key, some of whom leave: one request, and all get theirs', async () => {
		const text = words(300_000);
		it.upstream.on('/crowd', ok(text, FRESH, JSON_TYPE));
		const clients = await Promise.all(Array.from({ length: 24 }, () => it.client()));
		for (const [i, client] of clients.entries()) client.send(get('/crowd', `Accept-Encoding: ${CODINGS[i % 3]}`));
		for (const client of clients.slice(18)) client.destroy();
		for (const client of clients.slice(0, 18)) assert.equal(plainOf(await client.answer()), text);
		assert.equal(it.upstream.count('/crowd'), 1);
	});

	test('one that comes slowly is compressed on its way, and once it is whole', async () => {
		const ends: (() => void)[] = [];
		it.upstream.on('/slow', (_, peer) => {
			peer.send(
				`HTTP/1.1 200 OK\r\n${FRESH}\r\n${JSON_TYPE}\r\nETag: "s"\r\nContent-Length: ${TEXT.length}\r\n\r\n${TEXT.slice(0, 5000)}`,
			);
			ends.push(() => peer.send(TEXT.slice(5000)));
		});
		const client = await it.client();
		client.send(get('/slow', 'Accept-Encoding: gzip'));
		const head = await client.readTo('\r\n\r\n');
		assert.match(head, /Content-Encoding: gzip\r\n/);
		assert.match(head, /Transfer-Encoding: chunked\r\n/);
		assert.match(head, /ETag: W\/"s"/);
		const first = await client.read(Number.parseInt(await client.readTo('\r\n'), 16));
		await client.read(2);
		const begun = gunzipSync(first, { finishFlush: constants.Z_SYNC_FLUSH }).toString('latin1');
		assert.ok(begun.length > 0 && TEXT.startsWith(begun));
		ends[0]?.();
		const { body } = await client.readChunks();
		assert.equal(gunzipSync(Buffer.concat([first, body])).toString('latin1'), TEXT);
		assert.equal(plainOf(await coded(it, '/slow', 'gzip')), TEXT);
		assert.equal(it.upstream.count('/slow'), 1);
	});
});

async function purged(it: Suite, path: string): Promise<number> {
	await coded(it, path, 'zstd');
	const answer = (await it.ballast.control('purge', { urls: [`http://test${path}`] })) as {
		cache: { removed: number };
	};
	return answer.cache.removed;
}

describe('answers that pass', () => {
	test('with a length, and in chunks with trailers', async () => {
		it.upstream.on('/pass/length', ok(TEXT, JSON_TYPE, 'ETag: "l"'));
		it.upstream.on('/pass/chunks', (_, peer) => {
			peer.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n`);
			for (let at = 0; at < TEXT.length; at += 4000) peer.send(`fa0\r\n${TEXT.slice(at, at + 4000)}\r\n`);
			peer.send('0\r\nX-End: 1\r\n\r\n');
		});
		for (const coding of CODINGS)
			for (const path of ['/pass/length', '/pass/chunks']) {
				const answer = await asked(it, path, coding);
				assert.equal(answer.field('content-encoding'), coding);
				assert.equal(answer.field('content-length'), undefined);
				assert.equal(answer.field('vary'), 'Accept-Encoding');
				assert.equal(plainOf(answer), TEXT);
				assert.deepEqual(answer.trailers, path === '/pass/chunks' ? ['X-End: 1'] : []);
				assert.equal(answer.field('etag'), path === '/pass/length' ? 'W/"l"' : undefined);
			}
		const plain = await it.ask(get('/pass/length'));
		assert.deepEqual([plain.text, plain.field('vary'), plain.field('etag')], [TEXT, 'Accept-Encoding', '"l"']);
	});

	test('the fields of the route hold beside', async () => {
		it.upstream.on('/pass/set/a', ok(TEXT, JSON_TYPE, 'ETag: "l"', 'Vary: Accept-Encoding'));
		for (const coding of ['gzip', 'identity']) {
			const answer = await asked(it, '/pass/set/a', coding);
			assert.deepEqual(answer.fields('vary'), ['Origin', 'Accept-Encoding']);
			assert.equal(answer.field('etag'), undefined);
			assert.equal(plainOf(answer), TEXT);
		}
	});

	test('one connection goes on after them', async () => {
		it.upstream.on('/pass/again', ok(TEXT, JSON_TYPE));
		const client = await it.client();
		for (let i = 0; i < 20; i++) client.send(get('/pass/again', 'Accept-Encoding: gzip'));
		for (let i = 0; i < 20; i++) assert.equal(plainOf(await client.answer()), TEXT);
	});

	test('each piece is with the client before the next comes', async () => {
		const sent: (() => void)[] = [];
		it.upstream.on('/pass/pieces', (_, peer) => {
			peer.send('HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n');
			for (const piece of ['{"a":1}\n', '{"b":2}\n']) sent.push(() => peer.send(`8\r\n${piece}\r\n`));
			sent.push(() => peer.send('0\r\n\r\n'));
		});
		const client = await it.client();
		client.send(get('/pass/pieces', 'Accept-Encoding: gzip'));
		await client.readTo('\r\n\r\n');
		const pieces: Buffer[] = [];
		for (const want of ['{"a":1}\n', '{"a":1}\n{"b":2}\n']) {
			sent.shift()?.();
			pieces.push(await client.read(Number.parseInt(await client.readTo('\r\n'), 16)));
			await client.read(2);
			assert.equal(gunzipSync(Buffer.concat(pieces), { finishFlush: constants.Z_SYNC_FLUSH }).toString(), want);
		}
		sent.shift()?.();
		const { body } = await client.readChunks();
		assert.equal(gunzipSync(Buffer.concat([...pieces, body])).toString(), '{"a":1}\n{"b":2}\n');
	});

	test('what is not compressed: events, parts, nothing, what is small', async () => {
		const cases: [path: string, answer: string][] = [
			[
				'/pass/events',
				`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata:\n\r\n0\r\n\r\n`,
			],
			[
				'/pass/206',
				`HTTP/1.1 206 Partial Content\r\n${JSON_TYPE}\r\nContent-Range: bytes 0-1999/9000\r\nContent-Length: 2000\r\n\r\n${TEXT.slice(0, 2000)}`,
			],
			['/pass/204', `HTTP/1.1 204 No Content\r\n${JSON_TYPE}\r\n\r\n`],
			['/pass/tiny', ok('{}', JSON_TYPE)],
		];
		for (const [path, answer] of cases) {
			it.upstream.on(path, answer);
			const got = await asked(it, path, 'gzip');
			assert.deepEqual([got.field('content-encoding'), got.field('vary')], [undefined, undefined], path);
		}
	});

	test('HEAD has no length, and a 304 the tag that its client knows', async () => {
		it.upstream.on('/pass/head', `HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\nETag: "h"\r\nContent-Length: 9000\r\n\r\n`);
		const head = await it.ask(get('/pass/head', 'Accept-Encoding: gzip').replace('GET', 'HEAD'), 'HEAD');
		const said = ['content-encoding', 'content-length', 'etag'].map((name) => head.field(name));
		assert.deepEqual(said, ['gzip', undefined, 'W/"h"']);
		it.upstream.on('/pass/304', 'HTTP/1.1 304 Not Modified\r\nETag: "h"\r\n\r\n');
		assert.equal((await asked(it, '/pass/304', 'gzip', 'If-None-Match: W/"h"')).field('etag'), 'W/"h"');
		assert.equal((await asked(it, '/pass/304', 'gzip', 'If-None-Match: "h"')).field('etag'), '"h"');
	});

	test('a client of HTTP/1.0 gets it until the close', async () => {
		it.upstream.on('/pass/old', ok(TEXT, JSON_TYPE));
		const answer = await it.ask('GET /pass/old HTTP/1.0\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n');
		assert.equal(answer.field('transfer-encoding'), undefined);
		assert.equal(plainOf(answer), TEXT);
	});

	test('a large one for a client that stops in between', async () => {
		const text = words(3_000_000);
		it.upstream.on('/pass/large', ok(text, JSON_TYPE));
		const client = await it.client();
		client.send(get('/pass/large', 'Accept-Encoding: zstd'));
		await client.readTo('\r\n\r\n');
		for (let i = 1; i <= 4; i++) {
			client.socket.pause();
			await new Promise((resolve) => setImmediate(resolve));
			client.socket.resume();
			await client.until(() => client.received.length > client.at + i * 30_000);
		}
		assert.equal(zstdDecompressSync((await client.readChunks()).body).toString('latin1'), text);
	});

	test('a client that leaves ends it, and an instance that breaks off is seen to', async () => {
		let gone = 0;
		it.upstream.on('/pass/left', (_, peer) => {
			peer.socket.once('close', () => gone++);
			peer.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\nContent-Length: 100000\r\n\r\n${TEXT}`);
		});
		const client = await it.client();
		client.send(get('/pass/left', 'Accept-Encoding: gzip'));
		await client.readTo('\r\n\r\n');
		client.destroy();
		await eventually(
			() => gone,
			(count) => count === 1,
		);
		it.upstream.on('/pass/broken', (_, peer) => {
			peer.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}\r\nContent-Length: 100000\r\n\r\n${TEXT}`);
			peer.finish();
		});
		const other = await it.client();
		other.send(get('/pass/broken', 'Accept-Encoding: gzip'));
		await other.until(() => other.closed || other.ended);
		assert.ok(!other.text().endsWith('\r\n0\r\n\r\n'));
	});

	test('real clients read it: curl and undici', async () => {
		it.upstream.on('/pass/real', ok(TEXT, JSON_TYPE));
		const url = `${it.ballast.url}/pass/real`;
		for (const coding of CODINGS) {
			const response = await fetch(url, { headers: { 'accept-encoding': coding } });
			assert.equal(response.headers.get('content-encoding'), coding);
			assert.equal(await response.text(), TEXT);
		}
		const { stdout } = await run('curl', ['-s', '-i', '--compressed', url], { encoding: 'latin1' });
		assert.match(stdout, /content-encoding: (?:br|zstd|gzip)\r\n/i);
		assert.ok(stdout.endsWith(TEXT));
	});
});

describe('files', () => {
	test('small ones are compressed where no compressed one lies beside', async () => {
		for (const coding of CODINGS) {
			const answer = await asked(it, '/files/app.js', coding);
			assert.equal(answer.field('content-encoding'), coding);
			assert.equal(plainOf(answer), TEXT);
			assert.equal(answer.field('content-length'), String(answer.body.length));
			assert.match(answer.field('etag') ?? '', /^W\//);
			assert.equal(answer.field('vary'), 'Accept-Encoding');
			const same = await asked(it, '/files/app.js', coding, `If-None-Match: ${answer.field('etag')}`);
			assert.equal(same.status, 304);
			const part = await asked(it, '/files/app.js', coding, 'Range: bytes=0-3');
			assert.deepEqual([part.status, part.text], [206, TEXT.slice(0, 4)]);
		}
		const plain = await it.ask(get('/files/app.js'));
		assert.deepEqual([plain.text, plain.field('vary')], [TEXT, 'Accept-Encoding']);
		const beside = await asked(it, '/files/both.js', 'gzip');
		assert.deepEqual(beside.body, gzipSync(TEXT, { level: 9 }));
		assert.match(beside.field('etag') ?? '', /^"/);
		assert.equal((await asked(it, '/files/both.js', 'br')).field('content-encoding'), 'br');
	});

	test('large ones and pictures are not', async () => {
		assert.equal((await asked(it, '/files/large.js', 'br')).field('content-encoding'), undefined);
		assert.equal((await asked(it, '/files/photo.png', 'br')).field('vary'), undefined);
	});

	test('a file that changes is compressed anew', async () => {
		writeFileSync(join(root, 'app.js'), words(9000, 5));
		await eventually(
			async () => plainOf(await asked(it, '/files/app.js', 'br')),
			(text) => text === words(9000, 5),
		);
	});
});
