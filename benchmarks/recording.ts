/**
 * What it costs to see a request, in ns of one core: counting it, writing it down on the data plane; reading it, its line
 * of the access log, its row and its spans in the store thread. `node benchmarks/recording.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_BYTES, NodeCell, type RecordingPlan } from '../src/app/plan.ts';
import { RequestRecorder } from '../src/app/request-recorder.ts';
import type { StoreSettings } from '../src/app/store-messages.ts';
import { StoreRoom } from '../src/app/store-room.ts';
import { WorkerTracing } from '../src/app/worker-tracing.ts';
import { Trust } from '../src/gateway/forwarded.ts';
import { RecordRing } from '../src/logs/record-ring.ts';
import { RecordWriter } from '../src/logs/record-writer.ts';
import { Fields, parseFields } from '../src/wire/head.ts';
import { Output } from '../src/wire/output.ts';

const REQUESTS = 400_000;
/** Between two drains of the rings, at 40,000 requests a second. */
const BATCH = 2000;

const FIELDS =
	'Host: api.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\n\r\n';
const LINE = 'GET /v1/videos/0af7651916cd43dd?page=2&token=x HTTP/1.1\r\n';
const buffer = Buffer.from(LINE + FIELDS, 'latin1');
const fields = new Fields(100);
parseFields(buffer, LINE.length, buffer.length, fields);
const at = (text: string): number => buffer.indexOf(text);

const exchange = {
	route: { series: 3, service: { cells: { add: () => {} } } },
	status: 200,
	failure: null,
	broken: false,
	body: { received: 0 },
	bytesOut: 1024,
	copied: false,
	fetch: {
		slot: 1,
		attempts: 1,
		held: false,
		times: { cells: Int32Array.of(1, 0, 0, 800, -1, 200, ...Array<number>(18).fill(0)), count: 1 },
	},
	cache: { cached: 0, waitedUs: 0 },
	startMs: 5,
	buffer,
	method: 'GET',
	pathStart: at('/v1'),
	pathEnd: at('?'),
	targetEnd: at(' HTTP'),
	hostStart: at('api.'),
	hostEnd: at('\r\nUser'),
	rewritten: false,
	framing: { userAgentAt: 1 },
	head: { minor: 1, targetStart: at('/v1'), targetEnd: at(' HTTP'), queryAt: at('?'), fields },
	client: { secure: false, trusted: false, address: '192.0.2.7' },
	plane: { trust: new Trust([]) },
	trace: { words: new Uint32Array(8), flags: 0 },
} as unknown as Parameters<RequestRecorder['request']>[0];

const NOTHING: RecordingPlan = {
	lines: 0,
	rows: 0,
	traces: null,
	spans: false,
	slowMs: 1000,
	traceSlowMs: 1000,
	restart: 'never',
};

/** ns for each; the best of five. `after`: behind each batch, not measured. */
function measure(name: string, work: (i: number) => void, after: () => void = () => {}): void {
	let best = Number.POSITIVE_INFINITY;
	for (let round = 0; round < 5; round++) {
		let took = 0;
		for (let done = 0; done < REQUESTS; done += BATCH) {
			const began = performance.now();
			for (let i = 0; i < BATCH; i++) work(done + i);
			took += performance.now() - began;
			after();
		}
		best = Math.min(best, (took * 1e6) / REQUESTS);
	}
	console.log(`${name.padEnd(64)}${best.toFixed(0).padStart(8)} ns`);
}

function recorder(ring: RecordRing, recording: RecordingPlan): RequestRecorder {
	const node = new Int32Array(new SharedArrayBuffer(NODE_BYTES));
	const parts = { worker: 0, cells: node.subarray(0, NodeCell.cells), node, writer: new RecordWriter(ring), recording };
	return new RequestRecorder({ ...parts, chunk: () => {} });
}

const ring = RecordRing.create(4 * 1024 * 1024);
const empty = (): void => void ring.drain(() => {}, 1e9);
const counting = recorder(ring, NOTHING);
measure('data plane: counts (route, instance, method and status)', (i) => counting.request(exchange, 500 + (i % 4000)));
const sampling = recorder(ring, { ...NOTHING, rows: 0.1, traces: 0.01, spans: true });
measure('… and a record of every tenth', (i) => sampling.request(exchange, 500 + (i % 4000)), empty);
const all = recorder(ring, { ...NOTHING, lines: 1, rows: 0.1, traces: 0.01, spans: true });
measure('… and a record of each', (i) => all.request(exchange, 500 + (i % 4000)), empty);

const tracing = new WorkerTracing(0.01, 'never');
const out = new Output();
measure('data plane: a trace begun, and told to the instance', () => {
	tracing.begin(buffer, 0, 0, false, exchange.trace);
	out.length = 0;
	tracing.write(out, exchange.trace, 1);
});

const folder = mkdtempSync(join(tmpdir(), 'ballast-recording-'));
const settings = (access: boolean): StoreSettings => ({
	folder,
	logs: {
		access: access ? { path: join(folder, 'access.log'), format: 'json', rotate: null, sample: 1 } : null,
		redact: { patterns: [], keys: [] },
		keepMs: 86_400_000,
		keepBytes: 1e9,
		slowMs: 1000,
		sample: 0.1,
		forward: [],
	},
	traces: { sample: 0.01, slowMs: 1000, restart: 'never', keepMs: 86_400_000, maxBytesPerDay: 1e9 },
	rollups: { keepMs: { minutes: 1e9, fiveMinutes: 1e9, hours: 1e9 }, maxBytes: 1e9 },
	passOn: { entries: false, spans: false },
});
function storing(name: string, access: boolean, recorder: RequestRecorder): void {
	const room = new StoreRoom(() => {});
	room.take({ type: 'configure', settings: settings(access) });
	room.take({ type: 'ring', worker: 0, buffer: ring.buffer });
	room.take({ type: 'names', names: { routes: [[3, 'videos', 'GET /v1/*']], instances: [[1, 'videos-1']] } });
	let best = Number.POSITIVE_INFINITY;
	for (let round = 0; round < 3; round++) {
		let took = 0;
		for (let done = 0; done < REQUESTS / 4; done += BATCH) {
			for (let i = 0; i < BATCH; i++) recorder.request(exchange, 500 + (i % 4000));
			recorder.onTick();
			const began = performance.now();
			room.drain();
			took += performance.now() - began;
		}
		best = Math.min(best, (took * 1e6) / (REQUESTS / 4));
	}
	room.close();
	console.log(`${name.padEnd(64)}${best.toFixed(0).padStart(8)} ns`);
}
try {
	storing('store thread: at most 200 rows and 100 traces a second', false, sampling);
	storing('… and a line of the access log of each', true, all);
} finally {
	rmSync(folder, { recursive: true, force: true });
}
