import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../job.ts';
import { openedFile } from '../sealing/read-sealed.ts';
import { type StoreKey, storeKeys } from '../sealing/store-keys.ts';
import { mountSmallDisk, NO_MOUNT } from '../testing/small-disk.ts';
import { WebhookJudge } from '../webhooks/webhook-rules.ts';
import { DiskTarget } from './disk-target.ts';
import { fetchMedia } from './fetch-media.ts';
import { MediaCopies, type MediaCopiesParts } from './media-copies.ts';
import { MediaFault, type MediaTarget } from './media-policy.ts';
import { S3Target } from './s3-target.ts';
import { signCall } from './sigv4.ts';

const ID = 'A'.repeat(22);
const FILM = Buffer.alloc(300_000, 'film');
const folder = mkdtempSync(join(tmpdir(), 'ballast-media-'));
const servers: Server[] = [];
after(() => {
	for (const server of servers) server.close().closeAllConnections();
	rmSync(folder, { recursive: true });
});

async function serve(listener: RequestListener): Promise<string> {
	const server = createServer(listener).listen(0, '127.0.0.1');
	servers.push(server);
	await once(server, 'listening');
	return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const open = (host: string): WebhookJudge => new WebhookJudge({ allow: ['127.0.0.0/8'], http: [host], ports: [443] });
const FOLDER = { keepMs: 1000, roomBytes: 1_000_000 };

function copies(of: Partial<MediaCopiesParts> & { target: MediaTarget; host: string }) {
	const failed: string[] = [];
	const job = { id: ID, state: 'succeeded' } as Job;
	const made = new MediaCopies({
		folder: join(folder, 'notes'),
		job: async () => job,
		wayOf: () => ({ target: of.target, judge: open(of.host), mostBytes: 1_000_000 }),
		urls: async () => [`http://${of.host}/film.mp4`],
		failed: (_, why, final) => failed.push(`${why}${final ? '!' : ''}`),
		pausesMs: [1, 1, 1],
		...of,
	});
	return { made, failed, job };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await holds())) await sleep(2);
}

test('a file is copied to a folder, tried again where that fails, and what is noted outlives the program', async () => {
	let calls = 0;
	const host = await serve((_, response) => {
		if (calls++ === 0) response.writeHead(503).end();
		// Breaks off in the midst.
		else if (calls === 2)
			response.writeHead(200, { 'content-length': FILM.length }).write(FILM.subarray(0, 9), () => response.destroy());
		else response.writeHead(200, { 'content-type': 'video/mp4' }).end(FILM);
	});
	const target = new DiskTarget(join(folder, 'films'), FOLDER);
	const first = copies({ target, host, pausesMs: [60_000] });
	first.made.wanted(first.job);
	await until(() => first.failed.length === 1);
	first.made.close();
	assert.deepEqual(first.failed, ['it is answered 503']);
	assert.deepEqual(await first.made.found(first.job, 1), [null]);
	assert.ok(existsSync(join(folder, 'notes', ID)));
	// Another life.
	const second = copies({ target, host });
	second.made.start();
	await until(() => !existsSync(join(folder, 'notes', ID)));
	const [found] = await second.made.found(second.job, 1);
	assert.ok(found?.kind === 'file' && found.type === 'video/mp4' && found.bytes === FILM.length);
	assert.ok(readFileSync(found.path).equals(FILM));
	assert.deepEqual(readdirSync(join(folder, 'films')), [`${ID}-0.mp4`]);
	second.made.close();
});

test('with a key a copy is not to be read in its file; two that copy the same do not disturb each other', async () => {
	const [old, fresh] = storeKeys([randomBytes(32), randomBytes(32)].map((key) => key.toString('base64'))) as [
		StoreKey,
		StoreKey,
	];
	const keys = [old];
	const place = join(folder, 'sealed');
	const nodes = [new DiskTarget(place, FOLDER, () => keys), new DiskTarget(place, FOLDER, () => keys)];
	const gate = Promise.withResolvers<void>();
	const halves = async function* (): AsyncGenerator<Uint8Array> {
		yield FILM.subarray(0, 100_000);
		await gate.promise;
		yield FILM.subarray(100_000);
	};
	const put = nodes.map((node) =>
		node.put(`${ID}-0`, { bytes: halves(), length: null, type: 'video/mp4', close: () => {} }),
	);
	await until(() => existsSync(place) && readdirSync(place).length === 2);
	assert.equal(await nodes[0]?.find(`${ID}-0`), null, 'no half of it is found');
	gate.resolve();
	await Promise.all(put);
	assert.deepEqual(readdirSync(place), [`${ID}-0.mp4.sealed`]);
	keys.unshift(fresh);
	const found = await nodes[1]?.find(`${ID}-0`);
	assert.ok(found?.kind === 'file' && found.bytes === FILM.length && found.sealedAs !== null);
	assert.ok(!readFileSync(found.path).includes('filmfilm'));
	assert.ok((await buffer(openedFile(found.path, { about: found.sealedAs, keys }))).equals(FILM));
	// What a crash left of one goes with time, and so does the copy.
	writeFileSync(join(place, `${ID}-1.mp4.sealed.Abc_-123.part`), '');
	await nodes[0]?.sweep(Date.now() + 4_000_000);
	assert.deepEqual(readdirSync(place), []);
});

test('what cannot be copied is told and given up', async () => {
	const large = await serve((_, response) => response.writeHead(200, { 'content-length': 2_000_000 }).end());
	const cases = [
		{ target: new DiskTarget(join(folder, 'none'), FOLDER), host: large, why: ['it is larger than 1000000 bytes!'] },
		// Told at the first try, and at the last.
		{ target: bad('the disk is full'), host: await films(), why: ['the disk is full', 'the disk is full!'] },
	];
	for (const { target, host, why } of cases) {
		const { made, failed, job } = copies({ target, host });
		made.wanted(job);
		await until(() => failed.length === why.length);
		assert.deepEqual(failed, why);
		await until(() => !existsSync(join(folder, 'notes', ID)));
		made.close();
	}
	writeFileSync(join(folder, 'taken'), '');
	const nowhere = new DiskTarget(join(folder, 'taken'), FOLDER);
	await assert.rejects(
		nowhere.put(`${ID}-0`, { bytes: one(FILM), length: null, type: '', close: () => {} }),
		/the folder of copies cannot be used/,
	);
});

const films = (): Promise<string> => serve((_, response) => response.end(FILM));

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
	yield bytes;
}

const bad = (why: string): MediaTarget => ({
	put: () => Promise.reject(new MediaFault(why)),
	find: async () => null,
	sweep: async () => {},
});

test('files come from where webhooks may go, and from nowhere else', async () => {
	const host = await films();
	const strict = new WebhookJudge({ allow: [], http: [host], ports: [443] });
	const of = (url: string, judge: WebhookJudge) =>
		fetchMedia(url, { judge, mostBytes: 1000 }).catch((error: Error) => error.message);
	assert.equal(await of(`http://${host}/`, strict), 'its URL is not called: it leads to this machine itself');
	assert.equal(
		await of('https://169.254.169.254/', open(host)),
		'its URL is not called: it leads to the metadata of a cloud',
	);
	assert.equal(await of('ftp://films.example/', open(host)), 'its URL is not called: its scheme is not https');
	// A name that leads elsewhere by the time that it is connected to.
	const resolve = async () => [{ address: '10.0.0.1', family: 4 }];
	const judge = new WebhookJudge({ allow: [], http: ['films.example:80'], ports: [443] });
	await assert.rejects(
		fetchMedia('http://films.example/', { judge, mostBytes: 1, resolve }),
		/it leads to a private address/,
	);
	const media = await fetchMedia(`http://${host}/`, { judge: open(host), mostBytes: 400_000 });
	media.close();
	assert.match(String(await of(`http://${host}/`, open(host))), /larger than 1000 bytes/);
});

test('who answers with another protocol holds no place of a copy', async () => {
	const host = await serve(() => {});
	const switching = servers.at(-1) ?? assert.fail();
	switching.on('upgrade', () => {});
	switching.on('connection', (socket) =>
		socket.once('data', () =>
			socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
		),
	);
	const fetched = fetchMedia(`http://${host}/film.mp4`, { judge: open(host), mostBytes: 10 });
	await assert.rejects(fetched, { message: 'it wants to switch protocols', final: true });
});

test('a note or a copy that cannot be removed ends nothing', async () => {
	const host = await films();
	const { made, failed, job } = copies({ target: bad('no'), host, folder: join(folder, 'stuck'), pausesMs: [] });
	// In the place of the note, so that its removal fails.
	mkdirSync(join(folder, 'stuck', ID), { recursive: true });
	made.wanted(job);
	await until(() => failed.length === 1);
	made.wanted(job);
	await until(() => failed.length === 2);
	made.close();
	const kept = join(folder, 'swept');
	mkdirSync(join(kept, `${ID}-0.mp4`), { recursive: true });
	writeFileSync(join(kept, `${ID}-1.mp4`), FILM);
	await new DiskTarget(kept, { keepMs: 1, roomBytes: 1 }).sweep(Date.now() + 60_000);
	assert.deepEqual(readdirSync(kept), [`${ID}-0.mp4`]);
});

test('a folder keeps copies for their time, and the newest of too many', async () => {
	const path = join(folder, 'kept');
	const target = new DiskTarget(path, { keepMs: 100_000, roomBytes: 25 });
	const put = async (letter: string, ageMs: number, bytes = 10): Promise<void> => {
		const name = `${letter.repeat(22)}-0`;
		await target.put(name, { bytes: one(Buffer.alloc(bytes)), length: bytes, type: 'video/mp4', close: () => {} });
		const at = (Date.now() - ageMs) / 1000;
		utimesSync(join(path, `${name}.mp4`), at, at);
	};
	await put('O', 200_000);
	await put('B', 3000);
	await put('C', 2000);
	await put('D', 1000);
	writeFileSync(join(path, 'mine.txt'), 'left alone');
	await target.sweep(Date.now());
	assert.deepEqual(
		readdirSync(path)
			.map((name) => name[0])
			.sort(),
		['C', 'D', 'm'],
	);
	await assert.rejects(put('E', 0, 26), /larger than the room/);
	assert.equal(statSync(path).mode & 0o777, 0o700);
});

test('a file is copied to S3, signed, and fetched by a URL that is signed, too', async () => {
	const objects = new Map<string, Buffer>();
	const refused: string[] = [];
	const place = {
		kind: 's3',
		bucket: 'films',
		region: 'eu-1',
		prefix: 'a/',
		accessKeyId: 'AK',
		secretAccessKey: 'SK',
	} as const;
	const store = await serve((request, response) => {
		const { authorization = '', 'x-amz-date': stamp = '', ...rest } = request.headers;
		const signedNames = /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(';') ?? [];
		const headers = Object.fromEntries(
			signedNames.filter((name) => name !== 'host' && name !== 'x-amz-date').map((name) => [name, String(rest[name])]),
		);
		const nowMs = Date.parse(String(stamp).replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
		const url = new URL(request.url ?? '', `http://${request.headers.host}`);
		const expected = signCall({ method: request.method ?? '', url, headers, nowMs }, place)['authorization'];
		if (expected !== authorization) {
			refused.push(`${request.method}`);
			response.writeHead(403).end();
		} else if (request.method === 'HEAD') response.writeHead(objects.has(url.pathname) ? 200 : 404).end();
		else {
			const pieces: Buffer[] = [];
			request
				.on('data', (piece: Buffer) => pieces.push(piece))
				.on('end', () => {
					objects.set(url.pathname, Buffer.concat(pieces));
					response.writeHead(200).end();
				});
		}
	});
	const host = await serve((_, response) =>
		response.writeHead(200, { 'content-length': FILM.length, 'content-type': 'video/mp4' }).end(FILM),
	);
	const target = new S3Target({ ...place, endpoint: `http://${store}` });
	const { made, job, failed } = copies({ target, host });
	assert.deepEqual(await made.found(job, 1), [null]);
	made.wanted(job);
	await until(() => !existsSync(join(folder, 'notes', ID)));
	assert.deepEqual([failed, refused], [[], []]);
	assert.ok(objects.get(`/films/a/${ID}-0`)?.equals(FILM));
	const [found] = await made.found(job, 1);
	assert.ok(found?.kind === 'url' && found.url.startsWith(`http://${store}/films/a/${ID}-0?X-Amz-Algorithm=`));
	assert.ok(!found.url.includes('SK'));
	made.close();
	const wrong = copies({
		target: new S3Target({ ...place, secretAccessKey: 'other', endpoint: `http://${store}` }),
		host,
		pausesMs: [],
	});
	wrong.made.wanted(job);
	await until(() => wrong.failed.length === 1);
	assert.deepEqual(wrong.failed, ['S3 answered 403!']);
});

test('a full disk is told, nothing half is left, and the copy is made once there is room', async (t) => {
	using disk = mountSmallDisk(1024);
	if (disk === null) return t.skip(NO_MOUNT);
	disk.fill(100_000);
	const target = new DiskTarget(join(disk.path, 'films'), FOLDER);
	const { made, failed, job } = copies({ target, host: await films(), pausesMs: Array(1000).fill(5) });
	made.wanted(job);
	await until(() => failed.length === 1);
	assert.deepEqual(failed, ['the folder of copies cannot be used: the disk is full (ENOSPC)']);
	disk.free();
	await until(() => !existsSync(join(folder, 'notes', ID)));
	assert.deepEqual(readdirSync(join(disk.path, 'films')), [`${ID}-0.bin`]);
	made.close();
});
