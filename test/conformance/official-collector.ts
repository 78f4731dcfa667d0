/** A receiver of OTLP/HTTP that reads bodies by the official definitions. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { OFFICIAL, type OfficialType } from './official-otlp.ts';

export interface CollectedPoint {
	/** What stands before `/v1/metrics`. */
	base: string;
	name: string;
	/** 1: delta, 2: cumulative; 0: a gauge. */
	temporality: number;
	attributes: Record<string, unknown>;
	/** A number's value, or a histogram's count. */
	value: number;
	startNanos: bigint;
	timeNanos: bigint;
}

export interface CollectedLine {
	body: string;
	severity: string;
	traceId: string;
	spanId: string;
	service: string;
	attributes: Record<string, unknown>;
}

export interface CollectedSpan {
	traceId: string;
	spanId: string;
	parentId: string;
	name: string;
	kind: number;
	failed: boolean;
	attributes: Record<string, unknown>;
}

// biome-ignore lint/suspicious/noExplicitAny: the official definitions are not typed.
type Loose = any;

export class OfficialCollector {
	readonly points: CollectedPoint[] = [];
	readonly lines: CollectedLine[] = [];
	readonly spans: CollectedSpan[] = [];
	port = 0;
	/** What is answered; other than 200: nothing of it is taken. */
	status = 200;
	#server: Server | undefined;

	/** Also again after `close`: then at the port that it had. */
	async listen(): Promise<void> {
		const server = createServer((request, response) => {
			const parts: Buffer[] = [];
			request.on('data', (part: Buffer) => parts.push(part));
			request.on('end', () => {
				const raw = Buffer.concat(parts);
				const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
				if (this.status === 200) this.#take(request.url ?? '', body);
				response.writeHead(this.status, { 'content-type': 'application/x-protobuf' }).end();
			});
		});
		this.#server = server;
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
		});
		this.port = (server.address() as AddressInfo).port;
	}

	async close(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		if (server === undefined) return;
		const closed = new Promise((resolve) => server.close(resolve));
		server.closeAllConnections();
		await closed;
	}

	#take(path: string, body: Buffer): void {
		const [, base = '', signal = ''] = /^(.*)\/v1\/(\w+)$/.exec(path) ?? [];
		const read = (type: OfficialType): Loose =>
			type.toObject(type.decode(body), { longs: String, bytes: (bytes: Uint8Array) => bytes, defaults: true });
		if (signal === 'metrics') this.points.push(...pointsOf(base, read(OFFICIAL.metrics)));
		else if (signal === 'logs') this.lines.push(...linesOf(read(OFFICIAL.logs)));
		else if (signal === 'traces') this.spans.push(...spansOf(read(OFFICIAL.traces)));
	}
}

function plainOf(value: Loose): unknown {
	if (value?.intValue !== undefined && value.intValue !== null) return Number(value.intValue);
	return value?.stringValue ?? value?.doubleValue ?? value?.boolValue ?? null;
}

const attributesOf = (all: Loose[] = []): Record<string, unknown> =>
	Object.fromEntries(all.map(({ key, value }) => [key, plainOf(value)]));
const hex = (bytes: Loose): string => Buffer.from(bytes ?? []).toString('hex');

function pointsOf(base: string, request: Loose): CollectedPoint[] {
	const metrics: Loose[] = request.resourceMetrics.flatMap((one: Loose) =>
		one.scopeMetrics.flatMap((scope: Loose) => scope.metrics),
	);
	return metrics.flatMap(({ name, sum, gauge, histogram, exponentialHistogram }) => {
		const data = sum ?? histogram ?? exponentialHistogram ?? gauge;
		return data.dataPoints.map((point: Loose) => ({
			base,
			name,
			temporality: Number(data.aggregationTemporality ?? 0),
			attributes: attributesOf(point.attributes),
			value: Number(point.asDouble ?? point.asInt ?? point.count),
			startNanos: BigInt(point.startTimeUnixNano ?? 0),
			timeNanos: BigInt(point.timeUnixNano ?? 0),
		}));
	});
}

function linesOf(request: Loose): CollectedLine[] {
	return request.resourceLogs.flatMap((one: Loose) =>
		one.scopeLogs.flatMap((scope: Loose) =>
			scope.logRecords.map((line: Loose) => ({
				body: String(plainOf(line.body)),
				severity: line.severityText,
				traceId: hex(line.traceId),
				spanId: hex(line.spanId),
				service: String(attributesOf(one.resource?.attributes)['service.name']),
				attributes: attributesOf(line.attributes),
			})),
		),
	);
}

function spansOf(request: Loose): CollectedSpan[] {
	return request.resourceSpans.flatMap((one: Loose) =>
		one.scopeSpans.flatMap((scope: Loose) =>
			scope.spans.map((span: Loose) => ({
				traceId: hex(span.traceId),
				spanId: hex(span.spanId),
				parentId: hex(span.parentSpanId),
				name: span.name,
				kind: Number(span.kind),
				failed: Number(span.status?.code ?? 0) === 2,
				attributes: attributesOf(span.attributes),
			})),
		),
	);
}
