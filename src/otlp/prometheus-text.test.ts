import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPage } from './prometheus-text.ts';
import type { RemotePoint } from './remote-point.ts';
import { hostUsage, processUsage } from './usage-of.ts';

const OWNER = { service: 'videos', instance: 'videos-1' };
const read = (text: string) => readPage(text, OWNER, 5);
const shown = ({ points }: { points: RemotePoint[] }): string[] =>
	points.map(({ kind, name, labels, value, bounds, counts }) => {
		const own = Object.entries(labels).filter(([label]) => label !== 'service' && label !== 'instance');
		const cells = kind === 'histogram' ? ` ${bounds.join()} ${counts.join()}` : '';
		return `${kind} ${name}${JSON.stringify(Object.fromEntries(own))} ${value}${cells}`;
	});

test('the example of the format', () => {
	const page = read(`# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045

# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="0.1"} 33444
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.5"} 4773
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
`);
	assert.deepEqual(shown(page), [
		'counter http_requests_total{"method":"post","code":"200"} 1027',
		'counter http_requests_total{"method":"post","code":"400"} 3',
		'gauge msdos_file_access_time_seconds{"path":"C:\\\\DIR\\\\FILE.TXT","error":"Cannot find file:\\n\\"FILE.TXT\\""} 1458255915',
		'gauge metric_without_timestamp_and_labels{} 12.47',
		'gauge rpc_duration_seconds{"quantile":"0.5"} 4773',
		'counter rpc_duration_seconds_sum{} 17560473',
		'counter rpc_duration_seconds_count{} 2693',
		'histogram http_request_duration_seconds{} 53423 0.05,0.1 24054,9390,110876',
	]);
	assert.equal(page.skipped, 1, 'what is infinite');
	assert.deepEqual({ ...page.points[0]?.labels }, { method: 'post', code: '200', ...OWNER });
});

test('OpenMetrics', () => {
	const page = read(`# TYPE foo counter
foo_total{a="b",} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
foo_created{a="b"} 1520872607.123
# TYPE bar gauge
bar 1
# EOF
after 1
`);
	assert.deepEqual(shown(page), ['counter foo_total{"a":"b"} 17', 'gauge bar{} 1']);
});

test('who it is of cannot be said otherwise by the page', () => {
	const [point] = read('up{service="other",instance="x"} 1').points;
	assert.deepEqual({ ...point?.labels }, OWNER);
});

test('what is wrong or over a bound is left out and counted', () => {
	const long = 'x'.repeat(129);
	const wrong = [
		'{a="b"} 1',
		'1a 1',
		'a',
		'a{',
		'a{b} 1',
		'a{b=c} 1',
		'a{b="c} 1',
		'a{b="c\\"} 1',
		'a{1b="c"} 1',
		'a one',
		'a 1e',
		'a 0x10',
		'a NaN',
		`${long} 1`,
		`a{b="${long}"} 1`,
		`a{${Array.from({ length: 17 }, (_, i) => `l${i}="1"`).join()}} 1`,
		'\u001b[2J 1',
	];
	const page = read(wrong.join('\n'));
	assert.deepEqual(page, { points: [], skipped: wrong.length });
	const many = read(Array.from({ length: 6000 }, (_, i) => `a{i="${i}"} 1`).join('\n'));
	assert.deepEqual([many.points.length, many.skipped], [5000, 1000]);
	const broken = read('# TYPE h histogram\nh_bucket{le="2"} 3\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 1\n');
	assert.deepEqual(broken, { points: [], skipped: 1 });
});

test('no text makes it fail', () => {
	const piece = fc.constantFrom(
		'a',
		'{',
		'}',
		'"',
		'\\',
		'=',
		',',
		' ',
		'\n',
		'1',
		'# TYPE a histogram\n',
		'a_bucket{le="',
		'+Inf',
		'__proto__',
	);
	fc.assert(
		fc.property(fc.array(fc.oneof(piece, fc.string())), (parts) => {
			const { points } = read(parts.join(''));
			for (const { value } of points) assert.ok(Number.isFinite(value));
		}),
		{ numRuns: 500 },
	);
});

test('what a machine and a process use', () => {
	const host = read(`# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 100
node_cpu_seconds_total{cpu="0",mode="iowait"} 7
node_cpu_seconds_total{cpu="0",mode="user"} 20
node_cpu_seconds_total{cpu="1",mode="system"} 5
node_memory_MemTotal_bytes 8e9
node_memory_MemAvailable_bytes 6e9
`);
	assert.deepEqual(hostUsage(host.points), {
		cpuSeconds: 25,
		memoryBytes: 2e9,
		cores: 2,
		memoryTotalBytes: 8e9,
		openFiles: null,
	});
	const own = read('process_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 1e6\nprocess_open_fds 20\n');
	assert.deepEqual(processUsage(own.points), {
		cpuSeconds: 1.5,
		memoryBytes: 1e6,
		cores: null,
		memoryTotalBytes: null,
		openFiles: 20,
	});
	assert.equal(hostUsage(own.points).cpuSeconds, null);
});
