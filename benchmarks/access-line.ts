/** What one line of the access log costs: `node benchmarks/access-line.ts`. The target is 1.5 µs. */
import { accessLine, writeAccessLine } from '../src/logs/access-line.ts';
import { writeCommonLine } from '../src/logs/common-line.ts';
import { Drain } from '../src/logs/drain.ts';
import { LineBuffer } from '../src/logs/line-buffer.ts';
import { Redactor } from '../src/logs/redact.ts';
import { accessEntry } from '../src/logs/testing-entries.ts';

const LINES = 200_000;
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const entries = Array.from({ length: 512 }, (_, at) =>
	accessEntry({
		path: `/v1/videos/${at * 7919}`,
		query: at % 2 === 0 ? 'page=2&size=50' : '',
		userAgent: AGENT,
		durationUs: at * 997,
		timeMs: Date.UTC(2026, 5, 10) + at,
	}),
);
const out = new LineBuffer(1_048_576);
const redactor = new Redactor({ patterns: [], keys: [] });
const drain = new Drain();

function time(name: string, work: (at: number) => void): void {
	let best = Number.POSITIVE_INFINITY;
	for (let run = 0; run < 7; run++) {
		const started = performance.now();
		for (let at = 0; at < LINES; at++) work(at);
		best = Math.min(best, ((performance.now() - started) * 1e6) / LINES);
	}
	console.log(`${name.padEnd(28)} ${Math.round(best)} ns`);
}

const entry = (at: number) => entries[at & 511] as (typeof entries)[number];
const written = (write: () => void) => {
	if (out.length > 1_000_000) out.clear();
	write();
};
time('JSON into a buffer', (at) => written(() => writeAccessLine(entry(at), out)));
time('combined into a buffer', (at) => written(() => writeCommonLine(entry(at), 'combined', out)));
time('JSON as text', (at) => void accessLine(entry(at)).length);
time('redacting a request', (at) => redactor.access([entry(at)]));
time(
	'redacting a message',
	(at) => void redactor.text(`INFO request ${at} handled for user=17 path=/v1/videos status=200 in 12ms`),
);
time(
	'a pattern of a message',
	(at) => void drain.learn(`INFO request ${at} handled for user=17 path=/v1/videos status=200 in 12ms`),
);
