import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Cached } from '../core/cached.ts';
import type { Counted } from '../gateway/data-plane.ts';
import { RecordRing } from '../logs/record-ring.ts';
import { RecordWriter } from '../logs/record-writer.ts';
import { MeterGroup } from '../metrics/counts.ts';
import { Counter } from '../metrics/meter.ts';
import { NODE_BYTES, NodeCell, type RecordingPlan } from './plan.ts';
import { RequestRecorder } from './request-recorder.ts';

const SLOT = 2;
const SERIES = 3;
const NOTHING: RecordingPlan = {
	lines: 0,
	rows: 0,
	traces: null,
	spans: false,
	slowMs: 1000,
	traceSlowMs: 1000,
	restart: 'never',
};

/** A recorder whose counts can be read. */
class Counts {
	readonly routes = new MeterGroup();
	readonly instances = new MeterGroup();
	readonly #recorder: RequestRecorder;

	constructor() {
		const node = new Int32Array(new SharedArrayBuffer(NODE_BYTES));
		this.#recorder = new RequestRecorder({
			worker: 0,
			cells: node.subarray(0, NodeCell.cells),
			node,
			writer: new RecordWriter(RecordRing.create(64 * 1024)),
			recording: NOTHING,
			chunk: ({ meter, index, buffer }) => {
				if (meter !== 'details') this[meter].chunk(0, index, buffer);
			},
		});
	}

	/** `asked`: whether an instance was, for whose answer's head it waited 800 µs. */
	add(cached: Cached, us: number, { asked = false, waitedUs = 0 } = {}): void {
		const cells = Int32Array.of(1, 0, 100, 900, -1, 200);
		const counted = {
			route: { series: SERIES },
			status: 200,
			failure: null,
			broken: false,
			body: { received: 0 },
			bytesOut: 10,
			copied: false,
			fetch: { slot: asked ? SLOT : -1, attempts: asked ? 1 : 0, held: false, times: { cells, count: asked ? 1 : 0 } },
			cache: { cached, waitedUs },
			method: 'GET',
		};
		this.#recorder.request(counted as unknown as Counted, us);
	}
}

describe('what the cache gave', () => {
	test('is counted by where it came from, and what has no cache is not', () => {
		const counts = new Counts();
		for (const cached of Object.values(Cached)) for (let i = 0; i <= cached; i++) counts.add(cached, 50);
		assert.deepEqual(counts.routes.counts([SERIES]).cached, {
			hit: 2,
			stale: 3,
			revalidated: 4,
			collapsed: 5,
			miss: 6,
			bypass: 7,
		});
		assert.equal(counts.routes.counts([SERIES]).requests, 28);
	});

	test('is no request of an instance, and adds nothing to the parts that are spent there', () => {
		const counts = new Counts();
		counts.add(Cached.miss, 1000, { asked: true });
		const parts = (): number[] =>
			[Counter.queueUs, Counter.connectUs, Counter.firstByteUs, Counter.transferUs].map((part) =>
				counts.routes.count(SERIES, part),
			);
		assert.deepEqual(parts(), [0, 100, 800, 100]);
		for (let i = 0; i < 9; i++) counts.add(Cached.hit, 20);
		assert.deepEqual(parts(), [0, 100, 800, 100]);
		assert.equal(counts.routes.counts([SERIES]).requests, 10);
		assert.equal(counts.instances.counts([SLOT]).requests, 1);
	});

	test('by another request was waited for until its head, at no instance', () => {
		const counts = new Counts();
		counts.add(Cached.collapsed, 700, { waitedUs: 600 });
		assert.equal(counts.routes.count(SERIES, Counter.firstByteUs), 600);
		assert.equal(counts.routes.count(SERIES, Counter.transferUs), 0);
		assert.equal(counts.instances.counts([SLOT]).requests, 0);
	});
});
