import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exposition, formatFor } from './exposition.ts';
import { collectNodeMetrics } from './node-metrics.ts';
import { Registry } from './registry.ts';
import { ODD_ROUTE, TestNode } from './testing-node.ts';

function page(format: 'text' | 'openmetrics', exemplar?: ConstructorParameters<typeof Exposition>[1]): string[] {
	const registry = new Registry();
	const node = new TestNode();
	collectNodeMetrics(registry, node, { objective: () => null, apdexMs: () => 500 });
	node.serve();
	registry.sample();
	return new Exposition(registry, exemplar).write(format).split('\n');
}

test('Accept is answered as the client weighs it', () => {
	const prometheus =
		'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
	assert.equal(formatFor(prometheus), 'openmetrics');
	assert.equal(formatFor('application/openmetrics-text;version=0.0.1,text/plain;q=0.5'), 'text');
	assert.equal(formatFor('application/openmetrics-text;q=0.2,text/plain;q=0.5'), 'text');
	assert.equal(formatFor('text/html,*/*;q=0.8'), 'text');
	assert.equal(formatFor(undefined), 'text');
	assert.equal(formatFor('application/openmetrics-text;q=oops'), 'text');
});

test('each family says what it is, and values of labels are escaped', () => {
	const lines = page('text');
	const families = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
	assert.equal(new Set(families).size, families.length);
	for (const name of families)
		assert.ok(
			lines.some((line) => line.startsWith(`# HELP ${name} `)),
			`${name} has no help`,
		);
	assert.ok(lines.includes(String.raw`ballast_requests_total{service="api",route="GET /a\"b\\c\n/*"} 100`));
	assert.ok(!lines.some((line) => line.includes(ODD_ROUTE)));
	assert.ok(lines.includes('ballast_host_memory_used_ratio 0.5'));
	// What is not known is left out.
	assert.ok(!lines.some((line) => line.includes('NaN')));
	assert.ok(!lines.some((line) => line.startsWith('ballast_host_disk_full_in_seconds')));
});

test('log-linear cells are told under the bounds of the convention', () => {
	const lines = page('text');
	const cells = lines.filter((line) =>
		line.startsWith('ballast_request_duration_seconds_bucket{service="api",route="GET /v1/*"'),
	);
	assert.equal(cells.length, 15);
	const counts = cells.map((line) => Number(line.split(' ').at(-1)));
	assert.deepEqual(
		counts,
		counts.toSorted((one, other) => one - other),
	);
	assert.equal(counts.at(-1), 100);
	// Two thirds are around 2 ms, none between 10 and 250 ms.
	assert.ok((counts[1] as number) > 50 && counts[1] === counts[6]);
	assert.ok(lines.includes('ballast_request_duration_seconds_count{service="api",route="GET /v1/*"} 100'));
});

test('OpenMetrics has base names, units, bounds with a point, exemplars and an end', () => {
	const exemplar = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', value: 0.8, timeMs: 1_700_000_000_123 };
	const lines = page('openmetrics', ({ name }) => (name === 'ballast_request_duration_seconds' ? exemplar : undefined));
	assert.deepEqual(lines.slice(-2), ['# EOF', '']);
	assert.ok(lines.includes('# TYPE ballast_requests counter'));
	assert.ok(lines.includes('# UNIT ballast_request_duration_seconds seconds'));
	const marked = lines.filter((line) => line.includes(' # {'));
	assert.equal(marked.length, 2);
	assert.match(
		marked[0] as string,
		/le="1\.0"\} \d+ # \{trace_id="4bf92f3577b34da6a3ce929d0e0e4736"\} 0\.8 1700000000\.123$/,
	);
	assert.ok(!page('text', () => exemplar).some((line) => line.includes(' # ')));
});
