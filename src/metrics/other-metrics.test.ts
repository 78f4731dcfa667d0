import assert from 'node:assert/strict';
import test from 'node:test';
import { Figures } from './figure-source.ts';
import { OtherMetrics, type OtherSeries } from './other-metrics.ts';
import { parseFigureQuery } from './query-text.ts';
import { Recent } from './recent.ts';
import { Registry } from './registry.ts';

const START = Date.UTC(2026, 0, 5, 12);
type Mutable = { -readonly [K in keyof OtherSeries]: OtherSeries[K] };

/** Ballast's own metrics and those of others, on a clock that the test moves. */
class Bench {
	readonly registry = new Registry();
	readonly recent = new Recent(this.registry);
	readonly others: OtherMetrics;
	readonly figures: Figures;
	readonly all: Mutable[] = [];
	nowMs = START;

	constructor(series = 100) {
		this.registry.define({ name: 'ours_total', kind: 'counter', unit: 'number', help: '', labels: [] });
		this.others = new OtherMetrics((name) => this.registry.find(name) !== undefined, series);
		const { registry, recent, others } = this;
		const kept = { minutes: 1, fiveMinutes: 1 };
		this.figures = new Figures({ registry, recent, rollups: null, others, kept, now: () => this.nowMs });
	}

	tell(name: string, labels: OtherSeries['labels'], value: number, more: Partial<OtherSeries> = {}): Mutable {
		const key = JSON.stringify(labels);
		let one = this.all.find((known) => known.name === name && JSON.stringify(known.labels) === key);
		if (one === undefined)
			this.all.push((one = { name, kind: 'gauge', labels, value, counts: [], seenMs: 0, untilMs: 0, ...more }));
		return Object.assign(one, { value, seenMs: this.nowMs, untilMs: this.nowMs + 10_000, ...more });
	}

	pass(seconds: number): void {
		for (let i = 0; i < seconds; i++) {
			this.nowMs += 1000;
			this.recent.record(this.nowMs);
			this.others.record(this.all, this.nowMs);
		}
	}

	async at(text: string): Promise<Record<string, number>> {
		const found = await this.figures.at(parseFigureQuery(text, this.figures), this.nowMs);
		return Object.fromEntries(found.map(({ labels, value }) => [Object.values(labels).join(), value]));
	}
}

const of = (instance: string, more: Record<string, string> = {}) => ({ service: 'videos', instance, ...more });

test('gauges, counters and histograms of instances are figures by their labels', async () => {
	const bench = new Bench();
	for (let i = 0; i < 60; i++) {
		bench.tell('queue_depth', of('a'), 4);
		bench.tell('queue_depth', of('b', { shard: 'x' }), 10);
		// From before it was known.
		bench.tell('jobs_total', of('a'), 1_000_000 + i * 5, { kind: 'counter' });
		bench.tell('took_seconds', of('a'), i * 3, { kind: 'histogram', counts: [i, i] });
		bench.pass(1);
	}
	assert.deepEqual(await bench.at('queue_depth service:videos by instance over 2s'), { a: 4, b: 10 });
	assert.deepEqual(await bench.at('queue_depth shard:x over 2s'), { '': 10 });
	assert.deepEqual(await bench.at('queue_depth over 2s'), { '': 7 });
	const { a: jobs } = await bench.at('jobs_total by instance over 30s');
	assert.ok(Math.abs((jobs ?? 0) - 5) < 0.01, `${jobs}`);
	assert.deepEqual(await bench.at('took_seconds over 30s'), { '': 1.5 });
	assert.equal(bench.figures.find('took_seconds')?.unit, 'seconds');
	assert.ok(bench.figures.list().some(({ name }) => name === 'queue_depth'));
	await assert.rejects(bench.at('queue_depth colour:red'), /has no label `colour`; it has service, instance, shard/);
	await assert.rejects(bench.at('nonsense_depth'), { code: 'bad_query' });
	const history = await bench.figures.range({
		...parseFigureQuery('queue_depth service:videos by instance over 5s', bench.figures),
		fromMs: START,
		toMs: bench.nowMs,
		points: 10,
	});
	assert.equal(history.length, 2);
	assert.equal(history.find(({ labels }) => labels['instance'] === 'a')?.values.at(-1), 4);
});

test('what is not there yet, or is gone, is not known, and no fault of whoever asks', async () => {
	const bench = new Bench();
	const query = { figure: 'queue_depth', where: { shard: 'x' }, by: ['instance'], overMs: 2000 };
	assert.deepEqual(await bench.figures.at(query, bench.nowMs), []);
	bench.tell('queue_depth', of('a'), 4);
	bench.pass(5);
	assert.deepEqual(await bench.figures.at(query, bench.nowMs), [], 'no series has such a label');
	assert.deepEqual(await bench.at('queue_depth by instance over 2s'), { a: 4 });
	bench.pass(10);
	assert.deepEqual(await bench.figures.at({ ...query, where: {} }, bench.nowMs), [], 'nobody told it for 10 s');
	assert.equal(bench.others.registry.find('queue_depth'), undefined);
	await assert.rejects(bench.figures.at({ ...query, figure: 'ballast_nonsense' }, bench.nowMs), { code: 'bad_query' });
});

test('bounded: what finds no room is counted once; names that come and go leave nothing behind', async () => {
	const bench = new Bench(5);
	for (let i = 0; i < 8; i++) bench.tell('many', of(`i${i}`), 1);
	bench.tell('ours_total', of('a'), 1, { kind: 'counter' });
	bench.tell('many', of('x'), 1, { kind: 'counter' });
	bench.tell('wide', Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`l${i}`, ''])), 1);
	bench.pass(3);
	assert.equal(bench.others.registry.find('many')?.all.length, 5);
	// Three without room, one of another kind, one with too many labels; one that has our name is only left out.
	assert.equal(bench.others.dropped, 5);
	bench.all.length = 0;
	bench.pass(12);
	assert.equal(bench.others.figures().length, 0);
	// Its old history would be read as that of another kind.
	bench.tell('many', of('a'), 1, { kind: 'counter' });
	bench.pass(1);
	assert.equal(bench.others.dropped, 6);
	bench.all.length = 0;
	bench.pass(3900);
	bench.tell('many', of('a'), 1, { kind: 'counter' });
	bench.pass(1);
	assert.equal(bench.others.figure('many')?.info.perSecond, true);
});

test('a label that is called as what all objects have is a label like others', async () => {
	const bench = new Bench();
	for (let i = 0; i < 3; i++) {
		bench.tell('odd', of('a'), 1);
		bench.tell('odd', of('b', JSON.parse('{ "constructor": "x", "toString": "y" }')), 2);
		bench.tell('odd', of('c', JSON.parse('{ "__proto__": "z" }')), 3);
		bench.pass(1);
	}
	assert.deepEqual(await bench.at('odd by instance,constructor'), { 'a,': 1, 'b,x': 2, 'c,': 3 });
});
