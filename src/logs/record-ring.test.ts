import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { AccessEntry } from '../core/access-entry.ts';
import { Cached } from '../core/cached.ts';
import { errorIndex } from '../core/errors.ts';
import { Want } from './record-layout.ts';
import { RecordReader } from './record-reader.ts';
import { RecordRing } from './record-ring.ts';
import { type Recorded, type RecordNotes, RecordWriter } from './record-writer.ts';

const CAPACITY = 64 * 1024;

function put(ring: RecordRing, bytes: number, mark: number): boolean {
	const at = ring.reserve(bytes);
	if (at < 0) return false;
	ring.ints[(at >> 2) + 1] = mark;
	ring.publish(bytes);
	return true;
}

function marks(ring: RecordRing, most = 1e6): number[] {
	const seen: number[] = [];
	ring.drain((at) => seen.push(ring.ints[(at >> 2) + 1] as number), most);
	return seen;
}

describe('record ring', () => {
	test('records come out in order, whole, round after round, whatever their sizes', () => {
		const ring = RecordRing.create(CAPACITY);
		let next = 0;
		let expected = 0;
		for (let round = 0; round < 500; round++) {
			for (let i = 0; i < 20; i++) assert.ok(put(ring, 8 + ((round * 37 + i * 101) % 1500), next++));
			for (const mark of marks(ring)) assert.equal(mark, expected++);
		}
		assert.equal(expected, 10_000);
		assert.equal(ring.dropped, 0);
	});

	test('a full ring drops and counts, and goes on once it was read', () => {
		const ring = RecordRing.create(CAPACITY);
		let fitted = 0;
		while (put(ring, 1000, fitted)) fitted++;
		assert.equal(fitted, Math.floor(CAPACITY / 1000));
		assert.equal(put(ring, 1000, 0), false);
		assert.equal(ring.dropped, 2);
		assert.deepEqual(
			marks(ring, 10),
			Array.from({ length: 10 }, (_, i) => i),
		);
		assert.ok(put(ring, 1000, 77));
		assert.equal(marks(ring).at(-1), 77);
	});

	test('positions wrap', () => {
		const ring = RecordRing.create(CAPACITY);
		const cells = new Int32Array(ring.buffer, 0, 2);
		// Both stand shortly before 2³¹ and then, from the other side, before 2³².
		for (const from of [0x7fffffff - 100, -100]) {
			cells[0] = cells[1] = from;
			const again = new RecordRing(ring.buffer);
			let expected = 0;
			for (let i = 0; i < 400; i++) {
				assert.ok(put(again, 80, i));
				for (const mark of marks(again)) assert.equal(mark, expected++);
			}
			assert.equal(expected, 400);
		}
	});

	test('another thread reads while one writes; what is not dropped comes whole and in order', async () => {
		const ring = RecordRing.create(CAPACITY);
		const worker = new Worker(
			`import { workerData, parentPort } from 'node:worker_threads';
			const { RecordRing } = await import(workerData.module);
			const ring = new RecordRing(workerData.buffer);
			let sent = 0;
			for (let i = 0; i < 200_000; i++) {
				const size = 64 + (i % 7) * 40;
				const at = ring.reserve(size);
				if (at < 0) continue;
				for (let k = 1; k < size / 4; k++) ring.ints[(at >> 2) + k] = i;
				ring.publish(size);
				sent++;
			}
			parentPort.postMessage(sent);`,
			{ eval: true, workerData: { buffer: ring.buffer, module: new URL('./record-ring.ts', import.meta.url).href } },
		);
		let sent = -1;
		worker.on('message', (count: number) => (sent = count));
		let last = -1;
		let seen = 0;
		const look = () =>
			ring.drain((at, bytes) => {
				const mark = ring.ints[(at >> 2) + 1] as number;
				assert.ok(mark > last);
				for (let k = 2; k < bytes / 4; k++) assert.equal(ring.ints[(at >> 2) + k], mark);
				last = mark;
				seen++;
			}, 1e6);
		while (sent < 0) {
			look();
			await new Promise((resolve) => setImmediate(resolve));
		}
		look();
		await worker.terminate();
		assert.equal(seen, sent);
		assert.equal(seen + ring.dropped, 200_000);
	});
});

const HEAD = 'GET /v1/videos?token=x&n=1 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8\r\n\r\n';
const at = (text: string): number => HEAD.indexOf(text);

function recorded(): Recorded {
	const agent = at('curl/8');
	const cells = new Int32Array(24);
	cells.set([7, 0, 300, -1, 900, errorIndex('connect_refused') << 16, 8, 1000, 0, 2500, -1, 200]);
	return {
		buffer: Buffer.from(HEAD, 'latin1'),
		method: 'GET',
		status: 200,
		pathStart: at('/v1'),
		pathEnd: at('?'),
		targetEnd: at(' HTTP'),
		hostStart: at('api.'),
		hostEnd: at('\r\nUser'),
		rewritten: false,
		bytesOut: 5_000_000_000,
		trace: { words: Uint32Array.of(1, 2, 3, 4, 0xabcdef01, 6, 0, 0), flags: 1 },
		body: { received: 12 },
		framing: { userAgentAt: 1 },
		head: {
			minor: 1,
			targetStart: at('/v1'),
			targetEnd: at(' HTTP'),
			queryAt: at('?'),
			fields: { table: Int32Array.of(0, 0, 0, 0, 0, 0, 0, agent, agent + 6, 0) },
		},
		cache: { cached: Cached.hit },
		client: { secure: true },
		fetch: { attempts: 2, times: { cells, count: 2 } },
	};
}

const notes: RecordNotes = {
	wants: Want.line | Want.row,
	timeMs: 1_790_000_000_000.25,
	durationUs: 4000,
	queueUs: 1,
	connectUs: 2,
	firstByteUs: 3,
	transferUs: 4,
	series: 5,
	cause: 0,
	weight: 10,
	notable: true,
	address: '192.0.2.1',
};

describe('a request in a ring', () => {
	const names = {
		route: (series: number) => (series === 5 ? { service: 'videos', route: '/v1/*' } : undefined),
		instance: (serial: number) => `videos-${serial}`,
	};

	test('is read as it was written', () => {
		const ring = RecordRing.create(CAPACITY);
		new RecordWriter(ring).write(recorded(), notes);
		const reader = new RecordReader(ring, names);
		const entries: AccessEntry[] = [];
		ring.drain((where) => entries.push(reader.read(where)), 10);
		assert.equal(entries.length, 1);
		assert.deepEqual(entries[0], {
			timeMs: 1_790_000_000_000.25,
			durationUs: 4000,
			queueUs: 1,
			connectUs: 2,
			firstByteUs: 3,
			transferUs: 4,
			method: 'GET',
			path: '/v1/videos',
			query: 'token=x&n=1',
			scheme: 'https',
			protocol: '1.1',
			host: 'api.example.com',
			userAgent: 'curl/8',
			address: '192.0.2.1',
			service: 'videos',
			route: '/v1/*',
			status: 200,
			error: '',
			requestBytes: 12,
			responseBytes: 5_000_000_000,
			instance: 'videos-8',
			attempts: [
				{
					instance: 'videos-7',
					startUs: 0,
					connectUs: 300,
					headUs: -1,
					endUs: 900,
					status: 0,
					error: 'connect_refused',
				},
				{ instance: 'videos-8', startUs: 1000, connectUs: 0, headUs: 2500, endUs: 3000, status: 200, error: '' },
			],
			cache: 'hit',
			traceId: '00000001000000020000000300000004',
			spanId: 'abcdef0100000006',
			parentId: '',
			weight: 10,
			notable: true,
			sampled: true,
		});
	});

	test('without a query, a user agent, a route or a trace', () => {
		const ring = RecordRing.create(CAPACITY);
		const request = recorded();
		const bare: Recorded = {
			...request,
			targetEnd: request.pathEnd,
			framing: { userAgentAt: -1 },
			trace: { words: new Uint32Array(8), flags: 0 },
			cache: { cached: Cached.none },
			fetch: { attempts: 0, times: { cells: new Int32Array(24), count: 0 } },
		};
		new RecordWriter(ring).write(bare, { ...notes, series: 0, cause: errorIndex('no_route') });
		const reader = new RecordReader(ring, names);
		ring.drain((where) => {
			const { query, userAgent, service, route, traceId, spanId, instance, error, cache } = reader.read(where);
			assert.deepEqual(
				{ query, userAgent, service, route, traceId, spanId, instance, error, cache },
				{
					query: '',
					userAgent: '',
					service: '',
					route: '',
					traceId: '',
					spanId: '',
					instance: '',
					error: 'no_route',
					cache: '',
				},
			);
		}, 1);
	});

	test('what is too long is cut', () => {
		const ring = RecordRing.create(CAPACITY);
		const long = `GET /${'a'.repeat(9000)} HTTP/1.1\r\n\r\n`;
		const request = { ...recorded(), buffer: Buffer.from(long), pathStart: 4, pathEnd: 9005, targetEnd: 9005 };
		new RecordWriter(ring).write({ ...request, hostStart: 0, hostEnd: 0, framing: { userAgentAt: -1 } }, notes);
		ring.drain((where, bytes) => {
			assert.ok(bytes < 2500);
			assert.equal(new RecordReader(ring, names).read(where).path.length, 2048);
		}, 1);
	});
});
