import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mp4Of } from './mp4.ts';
import { type Client, running } from './testing/client.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function finished(client: Client, fields: object = {}) {
	const id = await client.create(fields);
	client.simulator.advance(HOUR_MS);
	return client.video(id);
}

/** Boxes of a file, with those in boxes that hold boxes. */
function boxesOf(bytes: Buffer, names: Record<string, Buffer> = {}): Record<string, Buffer> {
	for (let at = 0; at < bytes.length; ) {
		const length = bytes.readUInt32BE(at);
		assert.ok(length >= 8 && at + length <= bytes.length, `a box of ${length} bytes at ${at}`);
		const name = bytes.subarray(at + 4, at + 8).toString('latin1');
		const content = bytes.subarray(at + 8, at + length);
		names[name] = content;
		if (['moov', 'trak', 'mdia', 'minf', 'stbl'].includes(name)) boxesOf(content, names);
		at += length;
	}
	return names;
}

test('a result is an MP4 as long as its script, whose samples lie where it says', () => {
	const bytes = mp4Of({ width: 1920, height: 1080, durationS: 12.4, colour: [100, 90, 150] });
	const { mvhd, stsz, stco, stss } = boxesOf(bytes) as Record<'mvhd' | 'stsz' | 'stco' | 'stss', Buffer>;
	assert.equal(mvhd.readUInt32BE(16) / mvhd.readUInt32BE(12), 12.4);
	assert.equal(stsz.readUInt32BE(8), 62);
	assert.equal(stss.readUInt32BE(8), 1);
	let at = stco.readUInt32BE(8);
	for (let sample = 0; sample < 62; sample++) {
		const length = stsz.readUInt32BE(12 + sample * 4);
		assert.equal(bytes.readUInt32BE(at) + 4, length);
		assert.equal((bytes[at + 4] as number) & 0x1f, sample === 0 ? 5 : 1);
		at += length;
	}
	assert.equal(at, bytes.length);
	assert.ok(bytes.length < 20_000, `${bytes.length} bytes`);
});

const ffmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

test('a decoder takes every frame of it', { skip: ffmpeg ? false : 'ffmpeg is not here' }, () => {
	const folder = mkdtempSync(join(tmpdir(), 'heygen-simulator-'));
	try {
		for (const [width, height, durationS] of [
			[1920, 1080, 0.4],
			[144, 128, 20],
			[160, 90, 3.4],
		] as const) {
			const file = join(folder, 'a.mp4');
			writeFileSync(file, mp4Of({ width, height, durationS, colour: [120, 100, 160] }));
			const asked = [
				'-v',
				'error',
				'-count_frames',
				'-show_entries',
				'stream=codec_name,width,height,nb_read_frames:format=duration',
			];
			const probe = spawnSync('ffprobe', [...asked, '-of', 'json', file], { encoding: 'utf8' });
			assert.equal(probe.stderr, '');
			const { streams, format } = JSON.parse(probe.stdout);
			assert.deepEqual(streams, [{ codec_name: 'h264', width, height, nb_read_frames: String(durationS * 5) }]);
			assert.equal(Number(format.duration), durationS);
			const decoded = spawnSync(
				'ffmpeg',
				['-v', 'error', '-xerror', '-i', file, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'],
				{ maxBuffer: 2 ** 29 },
			);
			assert.equal(decoded.stderr.toString(), '');
			const frame = (width * height * 3) / 2;
			const last = decoded.stdout.subarray(-frame);
			const planes = [
				last.subarray(0, width * height),
				last.subarray(width * height, (width * height * 5) / 4),
				last.subarray((width * height * 5) / 4),
			];
			assert.deepEqual(
				planes.map((plane) => [...new Set(plane)]),
				[[120], [100], [160]],
			);
		}
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});

test('a result and its thumbnail are downloaded, whole or in part', async (t) => {
	const client = await running(t);
	const { video_url, thumbnail_url, duration } = await finished(client, {
		script: 'x'.repeat(300),
		resolution: '720p',
	});
	assert.equal(duration, 20);
	const whole = await fetch(video_url);
	const bytes = Buffer.from(await whole.arrayBuffer());
	assert.deepEqual(
		[whole.status, whole.headers.get('content-type'), whole.headers.get('accept-ranges')],
		[200, 'video/mp4', 'bytes'],
	);
	const ranges: [range: string, status: number, first: number, last: number][] = [
		['bytes=0-99', 206, 0, 99],
		['bytes=100-', 206, 100, bytes.length - 1],
		['bytes=-10', 206, bytes.length - 10, bytes.length - 1],
		['bytes=50-1000000', 206, 50, bytes.length - 1],
		['bytes=9-3', 200, 0, bytes.length - 1],
	];
	for (const [range, status, first, last] of ranges) {
		const part = await fetch(video_url, { headers: { range } });
		assert.equal(part.status, status, range);
		if (status === 206) assert.equal(part.headers.get('content-range'), `bytes ${first}-${last}/${bytes.length}`);
		assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(first, last + 1), range);
	}
	const beyond = await fetch(video_url, { headers: { range: `bytes=${bytes.length}-` } });
	assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${bytes.length}`]);
	const head = await fetch(video_url, { method: 'HEAD' });
	assert.deepEqual([head.headers.get('content-length'), await head.text()], [String(bytes.length), '']);
	const thumbnail = Buffer.from(await (await fetch(thumbnail_url)).arrayBuffer());
	assert.equal(thumbnail.subarray(1, 4).toString(), 'PNG');
});

test('a signed URL ends, and asking again gives a fresh one', async (t) => {
	const client = await running(t);
	const { id, video_url } = await finished(client);
	assert.equal((await fetch(video_url.replace('Signature=', 'Signature=x'))).status, 403);
	assert.equal((await fetch(video_url.replace(/Expires=\d+/, 'Expires=9999999999'))).status, 403);
	assert.equal((await fetch(video_url.split('?')[0])).status, 403);
	client.simulator.advance(7 * DAY_MS - HOUR_MS / 60);
	assert.equal((await fetch(video_url)).status, 200);
	client.simulator.advance(HOUR_MS);
	assert.equal((await fetch(video_url)).status, 403);
	const fresh = (await client.video(id)).video_url;
	assert.notEqual(fresh, video_url);
	assert.equal((await fetch(fresh)).status, 200);
	await client.ask('DELETE', `/v3/videos/${id}`);
	assert.equal((await fetch(fresh)).status, 404);
});

test('a completed video may have no URL yet', async (t) => {
	const client = await running(t, { knobs: { nullUrlRate: 1, nullUrlMs: 2 * HOUR_MS } });
	const { id, status, video_url } = await finished(client);
	assert.deepEqual([status, video_url], ['completed', null]);
	client.simulator.advance(2 * HOUR_MS);
	assert.equal((await fetch((await client.video(id)).video_url)).status, 200);
});
