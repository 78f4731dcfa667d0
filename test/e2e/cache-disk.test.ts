/** Large answers on disk, and what the cache keeps over ends of every kind: the real program with two workers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import {
	createServer,
	get as httpGet,
	type IncomingMessage,
	request,
	type Server,
	type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { eventually, statusOf } from '../support/suite.ts';

const MIB = 1024 * 1024;
const PIECE = 1500;
const BLOCK = Buffer.alloc(MIB);
for (let at = 0; at < BLOCK.length; at += 4) BLOCK.writeUInt32LE((at * 2_654_435_761) >>> 0, at);

interface Got {
	status: number;
	headers: IncomingMessage['headers'];
	body: Buffer;
}

/** An origin whose paths say how long their bodies are: `/50m`, `/20k`; `/2m-grows` comes in small pieces and does not say so. */
class Origin {
	readonly server: Server;
	/** Bodies sent, by path. */
	readonly sent = new Map<string, number>();
	/** Requests that were answered by 304. */
	confirmed = 0;

	constructor() {
		this.server = createServer((asked, answer) => {
			const path = asked.url ?? '';
			const tag = `"${path}"`;
			const fields = { etag: tag, 'cache-control': 'max-age=600', 'surrogate-key': path.slice(1) };
			if (asked.headers['if-none-match'] === tag) {
				this.confirmed++;
				answer.writeHead(304, fields).end();
				return;
			}
			this.sent.set(path, (this.sent.get(path) ?? 0) + 1);
			const length = lengthOf(path);
			if (path.endsWith('-grows')) {
				answer.writeHead(200, fields);
				growing(answer, expected(path), 0);
				return;
			}
			answer.writeHead(200, { ...fields, 'content-length': length });
			const write = (left: number): void => {
				for (let rest = left; rest > 0; ) {
					const piece = BLOCK.subarray(0, Math.min(rest, MIB));
					rest -= piece.length;
					if (answer.write(piece)) continue;
					answer.once('drain', () => write(rest));
					return;
				}
				answer.end();
			};
			write(length);
		});
	}

	async listen(): Promise<string> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}
}

/** Piece by piece, each in a turn of its own. */
function growing(answer: ServerResponse, body: Buffer, at: number): void {
	const next = (): void => growing(answer, body, at + PIECE);
	if (at >= body.length) answer.end();
	else if (answer.write(body.subarray(at, at + PIECE))) setImmediate(next);
	else answer.once('drain', next);
}

function lengthOf(path: string): number {
	const [, digits = '0', unit] = /^\/(\d+)([mk])/.exec(path) ?? [];
	return Number(digits) * (unit === 'm' ? MIB : 1024);
}

const expected = (path: string): Buffer =>
	Buffer.concat(Array.from({ length: Math.ceil(lengthOf(path) / MIB) }, () => BLOCK)).subarray(0, lengthOf(path));

const digest = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

function ask({ url }: Pick<Ballast, 'url'>, path: string, headers: Record<string, string> = {}): Promise<Got> {
	return new Promise((resolve, reject) => {
		httpGet(`${url}${path}`, { agent: false, headers: { host: 'a.example', ...headers } }, (answer) => {
			const parts: Buffer[] = [];
			answer.on('data', (part: Buffer) => parts.push(part));
			answer.on('error', reject);
			answer.on('end', () =>
				resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
			);
		}).on('error', reject);
	});
}

/** Once the first of the body is there. */
function leave({ url }: Pick<Ballast, 'url'>, path: string): void {
	const leaver = request(`${url}${path}`, { agent: false, headers: { host: 'a.example' } }, (answer) =>
		answer.once('data', () => leaver.destroy()),
	);
	leaver.on('error', () => {});
	leaver.end();
}

/** The body's digest, of which nothing is kept. */
function digestOf({ url }: Pick<Ballast, 'url'>, path: string): Promise<string> {
	return new Promise((resolve, reject) => {
		httpGet(`${url}${path}`, { agent: false, headers: { host: 'a.example' } }, (answer) => {
			const hash = createHash('sha256');
			answer.on('data', (part: Buffer) => hash.update(part));
			answer.on('error', reject);
			answer.on('end', () => resolve(hash.digest('hex')));
		}).on('error', reject);
	});
}

const cacheStatus = ({ headers }: Got): string => String(headers['cache-status'] ?? '');

let origin: Origin;
let originUrl = '';
let state = '';
before(async () => {
	origin = new Origin();
	originUrl = await origin.listen();
	state = mkdtempSync(join(tmpdir(), 'ballast-state-'));
});
after(() => {
	origin.server.closeAllConnections();
	origin.server.close();
	rmSync(state, { recursive: true, force: true });
});

const config = (store: string, cache: Record<string, unknown> = {}): Record<string, unknown> => ({
	workers: 2,
	stop: '2s',
	store,
	cache: { memory: '16MiB', disk: '1GiB', warm: true, ...cache },
	services: { app: { instances: [originUrl], cache: {} } },
});

/** Answers that come from before, by now. */
const taken = (ballast: Ballast, count: number): Promise<void> =>
	ballast.printed(`the cache holds ${count} answers from before`);

const bodies = (store: string): string[] => {
	try {
		return readdirSync(join(store, 'cache', 'bodies'));
	} catch {
		return [];
	}
};

/** The disk is looked at before it is used: until then large answers go elsewhere. */
async function diskUsed(ballast: Ballast, store: string): Promise<void> {
	let asked = 0;
	await eventually(
		async () => {
			if (bodies(store).length === 0)
				await ask(ballast, `/1m-${store}-${asked++}`.replaceAll('/', '_').replace('_', '/'));
			return bodies(store).length;
		},
		(count) => count > 0,
		10_000,
	);
	await ballast.control('purge', { everything: true });
}

/** Fully stored: given as a hit. */
const hit = (ballast: Ballast, path: string): Promise<Got> =>
	eventually(
		() => ask(ballast, path),
		(got) => /; hit/.test(cacheStatus(got)),
	);

function peakOf(pid: number): number {
	return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

describe('large answers', () => {
	let ballast: Ballast;
	let store = '';
	before(async () => {
		store = join(state, 'large');
		ballast = await startBallast(config(store));
		await diskUsed(ballast, store);
	});
	after(() => ballast.stop());

	test('50 MB: one request to the origin, flat memory, many readers', async (t) => {
		const core = (await statusOf(ballast)).core.pid;
		await Promise.all(Array.from({ length: 6 }, () => ask(ballast, '/1k')));
		const before = peakOf(core);
		const whole = digest(expected('/50m'));
		const together = await Promise.all(Array.from({ length: 3 }, () => digestOf(ballast, '/50m')));
		assert.deepEqual(together, [whole, whole, whole]);
		await ballast.control('reload');
		assert.equal(await digestOf(ballast, '/50m'), whole);
		assert.equal(origin.sent.get('/50m'), 1);
		const grown = (peakOf(core) - before) / MIB;
		t.diagnostic(`the core took ${grown.toFixed(1)} MiB more`);
		assert.ok(grown < 40, `the core took ${grown} MiB more`);
		assert.equal(bodies(store).length, 1);
	});

	test('ranges, conditions and HEAD', async () => {
		const path = '/3m';
		await ask(ballast, path);
		await hit(ballast, path);
		const body = expected(path);
		const part = await ask(ballast, path, { range: 'bytes=1048570-1048589' });
		assert.deepEqual([part.status, part.headers['content-range']], [206, `bytes 1048570-1048589/${body.length}`]);
		assert.ok(part.body.equals(body.subarray(1_048_570, 1_048_590)));
		const last = await ask(ballast, path, { range: 'bytes=-5', 'if-range': `"${path}"` });
		assert.ok(last.status === 206 && last.body.equals(body.subarray(-5)));
		const other = await ask(ballast, path, { range: 'bytes=-5', 'if-range': '"other"' });
		assert.ok(other.status === 200 && other.body.equals(body));
		const parts = await ask(ballast, path, { range: 'bytes=0-1,2000000-2000001' });
		assert.match(String(parts.headers['content-type']), /^multipart\/byteranges/);
		assert.ok(parts.body.includes(body.subarray(2_000_000, 2_000_002)));
		assert.equal((await ask(ballast, path, { range: 'bytes=99999999-' })).status, 416);
		assert.equal((await ask(ballast, path, { 'if-none-match': `"${path}"` })).status, 304);
		const head = await new Promise<IncomingMessage>((resolve, reject) =>
			request(`${ballast.url}${path}`, { method: 'HEAD', agent: false, headers: { host: 'a.example' } }, resolve)
				.on('error', reject)
				.end(),
		);
		assert.equal(head.headers['content-length'], String(body.length));
		assert.equal(origin.sent.get(path), 1);
	});

	test('a client that leaves, or is slow, keeps nobody from it', async () => {
		const path = '/20m-left';
		leave(ballast, path);
		const slow = await new Promise<IncomingMessage>((resolve, reject) =>
			httpGet(`${ballast.url}${path}`, { agent: false, headers: { host: 'a.example' } }, resolve).on('error', reject),
		);
		await hit(ballast, path);
		// Whoever asks next is answered while the slow one still has most before him.
		await Promise.all(Array.from({ length: 6 }, (_, index) => ask(ballast, `/1k-${index}`)));
		const hash = createHash('sha256');
		for await (const part of slow) hash.update(part as Buffer);
		assert.equal(hash.digest('hex'), digest(expected(path)));
		assert.equal(origin.sent.get(path), 1);
	});

	test('one of unknown length that proves long: who asked, and who waits with him, have all of it', async () => {
		const path = '/2m-grows';
		const all = await Promise.all(Array.from({ length: 6 }, () => digestOf(ballast, path)));
		const wanted = digest(expected(path));
		assert.deepEqual(all, new Array(6).fill(wanted));
		// Those in the other worker wait for the file, and do not ask for themselves.
		assert.equal(origin.sent.get(path), 1);
		const got = await hit(ballast, path);
		assert.equal(digest(got.body), wanted);
		assert.equal(Number(got.headers['content-length']), lengthOf(path));
		leave(ballast, '/3m-grows');
		assert.equal(digest((await hit(ballast, '/3m-grows')).body), digest(expected('/3m-grows')));
	});

	test('a purge removes the file before it is answered', async () => {
		await ask(ballast, '/2m');
		await hit(ballast, '/2m');
		const before = bodies(store).length;
		assert.deepEqual((await ballast.control('purge', { tags: ['2m'] })) as { cache: unknown }, {
			cache: { removed: 1 },
			targets: [],
		});
		assert.equal(bodies(store).length, before - 1);
		assert.match(cacheStatus(await ask(ballast, '/2m')), /fwd=uri-miss/);
		assert.equal(origin.sent.get('/2m'), 2);
	});

	test('a damaged file is a miss', async () => {
		await ask(ballast, '/4m');
		await hit(ballast, '/4m');
		for (const name of bodies(store)) truncateSync(join(store, 'cache', 'bodies', name), 100);
		// It is open still: an answer that has begun breaks off.
		const got = await eventually(
			() => ask(ballast, '/4m').catch(() => null),
			(answer) => answer !== null && /fwd=/.test(cacheStatus(answer)),
			15_000,
		);
		assert.ok(got?.body.equals(expected('/4m')));
	});
});

describe('what outlasts an end', () => {
	let store = '';
	let ballast: Ballast;
	before(async () => {
		store = join(state, 'ends');
		ballast = await startBallast(config(store));
		await diskUsed(ballast, store);
	});
	after(() => ballast.stop());

	test('an orderly one: all but what was purged', async () => {
		for (const path of ['/2m-kept', '/2m-purged', '/10k-kept', '/10k-purged']) {
			await ask(ballast, path);
			await hit(ballast, path);
		}
		await ballast.control('purge', { tags: ['2m-purged', '10k-purged'] });
		await ballast.stop();
		ballast = await startBallast(config(store));
		await taken(ballast, 2);
		for (const path of ['/2m-kept', '/10k-kept']) {
			const got = await ask(ballast, path);
			assert.match(cacheStatus(got), /; hit/, path);
			assert.ok(got.body.equals(expected(path)));
			assert.equal(origin.sent.get(path), 1);
		}
		for (const path of ['/2m-purged', '/10k-purged'])
			assert.match(cacheStatus(await ask(ballast, path)), /fwd=uri-miss/);
		assert.equal(bodies(store).length, 2);
	});

	test('an upgrade: the new core takes over what the old one had', async () => {
		const from = ballast.output().length;
		await ballast.control('upgrade');
		await ballast.printed('the cache holds 4 answers from before', { from });
		for (const path of ['/2m-kept', '/10k-kept']) {
			const got = await ask(ballast, path);
			assert.match(cacheStatus(got), /; hit/, path);
			assert.ok(got.body.equals(expected(path)));
			assert.equal(origin.sent.get(path), 1);
		}
	});

	test('kill -9: the files, of which the origin is asked whether they hold', async () => {
		await ballast.control('purge', { tags: ['2m-purged'] });
		process.kill(ballast.pid, 'SIGKILL');
		await ballast.ended;
		await ballast.stop();
		ballast = await startBallast(config(store));
		await taken(ballast, 1);
		const before = origin.confirmed;
		const got = await ask(ballast, '/2m-kept');
		assert.match(cacheStatus(got), /fwd-status=304/);
		assert.ok(got.body.equals(expected('/2m-kept')));
		assert.deepEqual([origin.sent.get('/2m-kept'), origin.confirmed], [1, before + 1]);
		assert.match(cacheStatus(await ask(ballast, '/2m-kept')), /; hit/);
		for (const path of ['/2m-purged', '/10k-kept']) assert.match(cacheStatus(await ask(ballast, path)), /fwd=uri-miss/);
	});

	test('a disk that is full costs the caching alone', {
		skip: mountable() ? false : 'tmpfs cannot be mounted',
	}, async () => {
		const folder = join(state, 'small');
		mkdirSync(folder);
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', folder]);
		try {
			ballast.configure(config(store, { disk: { size: '1GiB', folder } }));
			await ballast.control('reload');
			await ballast.printed(/the disk of \S+ has room for 1\d MiB of the cache's 1024 MiB/);
			await ask(ballast, '/3m-a');
			await hit(ballast, '/3m-a');
			// More than there is; and what is there is taken by somebody else at the same moment.
			assert.equal(await digestOf(ballast, '/30m-b'), digest(expected('/30m-b')));
			writeFileSync(join(folder, 'other'), Buffer.alloc(7 * MIB));
			for (const path of ['/4m-c', '/4m-d', '/4m-e'])
				assert.equal(await digestOf(ballast, path), digest(expected(path)), path);
		} finally {
			// Nothing of it is open any more.
			ballast.configure(config(store, { disk: 'off' }));
			await ballast.control('reload');
			execFileSync('umount', ['-l', folder]);
		}
	});

	test('a disk that cannot be used is told once, and the rest is cached', async () => {
		const folder = join(state, 'file');
		writeFileSync(folder, 'not a folder');
		ballast.configure(config(store, { disk: { size: '1GiB', folder } }));
		await ballast.control('reload');
		assert.match(ballast.output(), /nothing of the cache lasts: .*(ENOTDIR|EEXIST)/);
		assert.equal(await digestOf(ballast, '/20m-x'), digest(expected('/20m-x')));
		await ask(ballast, '/5k');
		assert.match(cacheStatus(await hit(ballast, '/5k')), /; hit/);
	});
});

function mountable(): boolean {
	if (process.getuid?.() !== 0) return false;
	const folder = mkdtempSync(join(tmpdir(), 'ballast-mount-'));
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
		execFileSync('umount', [folder]);
		return true;
	} catch {
		return false;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
