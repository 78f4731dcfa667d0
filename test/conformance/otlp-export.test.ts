/** A running Ballast sends metrics, lines and spans to a collector; one that was away gets what it missed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ballast, startBallast } from '../support/ballast.ts';
import { type RawUpstream, startUpstream } from '../support/raw-upstream.ts';
import { eventually } from '../support/suite.ts';
import { type CollectedPoint, OfficialCollector } from './official-collector.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const FAILURE = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno';
const WITHIN_MS = 15_000;

describe('OTLP out', () => {
	const collector = new OfficialCollector();
	let ballast: Ballast;
	const upstreams: RawUpstream[] = [];

	const config = (body: string): Record<string, unknown> => {
		const url = `http://127.0.0.1:${collector.port}`;
		return {
			workers: 2,
			stop: '1s',
			traces: { sample: '100%' },
			export: {
				collector: { url, interval: '1s' },
				// As the preset of Datadog has it, which knows no other address than Datadog's.
				datadog: { url: `${url}/datadog`, interval: '1s', temporality: 'delta', signals: ['metrics'], body },
			},
			services: {
				app: { instances: upstreams.map((upstream) => upstream.url), retry: { attempts: 2 }, routes: { '/v1/*': {} } },
			},
		};
	};

	before(async () => {
		await collector.listen();
		upstreams.push(await startUpstream(), await startUpstream());
		for (const upstream of upstreams) upstream.on('/v1/failing', FAILURE);
		ballast = await startBallast(config('500KB'));
	});
	after(async () => {
		await ballast?.stop();
		await collector.close();
		for (const upstream of upstreams) await upstream.close();
	});

	const ask = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
		const response = await fetch(`${ballast.url}${path}`, { headers });
		await response.text();
		return response.status;
	};
	const pointsOf = (name: string, base = ''): CollectedPoint[] =>
		collector.points.filter(
			(point) => point.name === name && point.base === base && point.attributes['route'] === '/v1/*',
		);
	/** The last of what is cumulative. */
	const total = (name: string): number => pointsOf(name).at(-1)?.value ?? 0;
	const added = (name: string): number => pointsOf(name, '/datadog').reduce((sum, { value }) => sum + value, 0);
	let sent = 0;

	test('counts arrive, cumulative and as deltas', async () => {
		for (; sent < 40; sent++) assert.equal(await ask(`/v1/${sent}`), 200);
		await eventually(
			() => [total('ballast_requests'), added('ballast_requests')],
			([a, b]) => a === 40 && b === 40,
			WITHIN_MS,
		);
		assert.ok(pointsOf('ballast_requests').every(({ temporality }) => temporality === 2));
		assert.ok(pointsOf('ballast_requests', '/datadog').every(({ temporality }) => temporality === 1));
		const durations = collector.points.filter(
			({ name, base, attributes }) =>
				name === 'http.server.request.duration' && base === '' && attributes['http.route'] === '/v1/*',
		);
		assert.equal(durations.at(-1)?.value, 40);
		assert.equal(durations.at(-1)?.attributes['http.response.status_code'], 200);
	});

	test('a failed request has a line, and spans below one another as the instances were told', async () => {
		assert.equal(await ask('/v1/failing', { traceparent: `00-${TRACE}-${PARENT}-01` }), 503);
		sent++;
		const spans = await eventually(
			() => collector.spans.filter(({ traceId }) => traceId === TRACE),
			(all) => all.filter(({ kind }) => kind === 3).length === 2,
			WITHIN_MS,
		);
		const server = spans.find(({ kind }) => kind === 2);
		assert.ok(server !== undefined);
		assert.equal(server.parentId, PARENT);
		assert.equal(server.name, 'GET /v1/*');
		assert.equal(server.failed, true);
		assert.equal(server.attributes['http.response.status_code'], 503);
		const attempts = spans.filter(({ kind }) => kind === 3);
		assert.ok(attempts.every(({ parentId, failed }) => parentId === server.spanId && failed));
		const told = upstreams
			.flatMap(({ requests }) => requests.filter(({ path }) => path === '/v1/failing'))
			.map((request) => request.field('traceparent') ?? '');
		assert.deepEqual(told.sort(), attempts.map(({ spanId }) => `00-${TRACE}-${spanId}-01`).sort());
		const inner = spans.filter(({ kind, name }) => kind === 1 && name !== 'queue');
		assert.ok(inner.length >= 2);
		assert.ok(inner.every(({ parentId }) => attempts.some(({ spanId }) => spanId === parentId)));

		const [line] = await eventually(
			() => collector.lines.filter(({ traceId }) => traceId === TRACE),
			(all) => all.length > 0,
			WITHIN_MS,
		);
		assert.equal(line?.spanId, server.spanId);
		assert.equal(line?.attributes['http.response.status_code'] ?? line?.attributes['status'], 503);
	});

	test('a collector that was away gets all that it missed', async () => {
		await collector.close();
		const lost = await eventually(
			() => ballast.output(),
			(text) => /cannot be sent to collector/.test(text),
			WITHIN_MS,
		);
		assert.match(lost, /metrics cannot be sent to collector: could not be reached/);
		const before = sent;
		// Each is a trace of its own; a worker keeps 50 that come at once.
		const ids = Array.from({ length: 40 }, (_, at) => (at + 1).toString(16).padStart(32, 'a'));
		for (const id of ids) {
			assert.equal(await ask('/v1/away', { traceparent: `00-${id}-${PARENT}-01` }), 200);
			sent++;
		}
		// Spans have been tried in vain by now.
		await ballast.printed(/traces cannot be sent to collector/, { withinMs: WITHIN_MS });
		await collector.listen();
		await eventually(
			() =>
				new Set(
					collector.spans
						.filter(({ kind, traceId }) => kind === 2 && ids.includes(traceId))
						.map(({ traceId }) => traceId),
				).size,
			(count) => count === ids.length,
			30_000,
		);
		assert.equal(collector.spans.filter(({ kind, traceId }) => kind === 2 && ids.includes(traceId)).length, ids.length);
		await eventually(
			() => [total('ballast_requests'), added('ballast_requests')],
			([a, b]) => a === before + 40 && b === before + 40,
			WITHIN_MS,
		);
		// No delta overlaps the one before.
		const deltas = pointsOf('ballast_requests', '/datadog');
		for (const [at, { startNanos }] of deltas.entries())
			if (at > 0) assert.ok(startNanos >= (deltas[at - 1]?.timeNanos ?? 0n));
		await ballast.printed(/traces are sent to collector again/, { withinMs: WITHIN_MS });
	});

	test('neither an upgrade nor a reload counts anything twice', async () => {
		const settled = async (): Promise<void> => {
			await eventually(
				() => [total('ballast_requests'), added('ballast_requests')],
				([a, b]) => a === sent && b === sent,
				WITHIN_MS,
			);
			// Two more times of sending change nothing.
			await sleep(2500);
			assert.deepEqual([total('ballast_requests'), added('ballast_requests')], [sent, sent]);
		};
		const some = async (): Promise<void> => {
			for (let at = 0; at < 10; at++, sent++) assert.equal(await ask('/v1/more'), 200);
		};
		await ballast.control('upgrade');
		await some();
		await settled();
		ballast.configure(config('400KB'));
		await ballast.control('reload');
		await some();
		await settled();
	});

	test('what a collector refuses is counted', async () => {
		const dropped = async (): Promise<number> => {
			const page = await (await fetch(`http://127.0.0.1:${ballast.adminPort}/metrics`)).text();
			return Number(/^ballast_log_records_dropped_total\{cause="otlp"\} (\d+)$/m.exec(page)?.[1]);
		};
		assert.equal(await dropped(), 0);
		collector.status = 400;
		assert.equal(await ask('/v1/refused'), 200);
		sent++;
		// The line, and the spans: of the request, its attempt and the parts of that.
		await eventually(dropped, (count) => count >= 4, WITHIN_MS);
		collector.status = 200;
	});

	test('what was the case when it ends is sent', async () => {
		const id = 'e'.repeat(32);
		assert.equal(await ask('/v1/last', { traceparent: `00-${id}-${PARENT}-01` }), 200);
		await ballast.stop();
		assert.ok(collector.spans.some(({ traceId }) => traceId === id));
		assert.equal(total('ballast_requests'), sent + 1);
	});
});
