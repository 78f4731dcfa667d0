/**
 * What a hit and a miss cost in a worker without the kernel and without their records (see `recording.ts`): from the
 * bytes of a browser's request to those of its answer. CPU time of the thread. `--quick`: a tenth of the requests;
 * `--misses`: these alone.
 */
import { randomBytes } from 'node:crypto';
import { AnswerCaching } from '../src/app/caching/answer-caching.ts';
import { RouteCache } from '../src/app/caching/route-cache.ts';
import { goOn, handle, lookAgain } from '../src/app/pipeline.ts';
import { PLAIN_CACHE } from '../src/cache/cache-policy.ts';
import { AnswerMemory } from '../src/cache/memory/answer-memory.ts';
import { openAnswerStore } from '../src/cache/memory/memory-store.ts';
import { storedAnswer } from '../src/cache/memory/testing/answers.ts';
import { CacheHash } from '../src/cache/rules/cache-hash.ts';
import { UrlMarks } from '../src/cache/url-marks.ts';
import { ClientConnection } from '../src/gateway/client-connection.ts';
import type { DataPlane } from '../src/gateway/data-plane.ts';
import { Requests } from '../src/gateway/requests.ts';
import type { Route } from '../src/gateway/route.ts';
import { bareRequests } from '../src/gateway/testing/bare-plane.ts';
import { forwardingRoute } from '../src/gateway/testing/forwarding-route.ts';
import { LoneOrigin } from '../src/gateway/testing/lone-origin.ts';
import { TakingTransport } from '../src/wire/testing/taking-transport.ts';
import { median } from './measure/ratios.ts';
import { BROWSER_HEAD } from './scenarios/throughput.ts';
import { conclude, type Line, quick } from './stability/verdict.ts';

const REQUESTS = quick ? 20_000 : 200_000;
const ROUNDS = 5;

const { Cookie: _cookie, 'Cache-Control': _control, ...FIELDS } = BROWSER_HEAD;
const lines = Object.entries(FIELDS).map(([name, value]) => `${name}: ${value}\r\n`);
const REQUEST = Buffer.from(`GET /v1/videos/0af7651916cd43dd?page=1000000000 HTTP/1.1\r\n${lines.join('')}\r\n`);
const NUMBER_AT = REQUEST.indexOf('1000000000');
const ANSWER_LINES = [
	'Server: nginx',
	`Date: ${new Date().toUTCString()}`,
	'Content-Type: application/json',
	'Content-Length: 600',
	'Connection: keep-alive',
	'Cache-Control: public, max-age=86400',
];
const ANSWER = Buffer.from(`HTTP/1.1 200 OK\r\n${ANSWER_LINES.join('\r\n')}\r\n\r\n${'x'.repeat(600)}`);

/** Keeps only the last of what it is given. */
class Sink extends TakingTransport {
	bytes = 0;
	last: Uint8Array = Buffer.alloc(0);

	override write(bytes: Uint8Array): boolean {
		this.bytes += bytes.length;
		this.last = bytes;
		return true;
	}
}

/** One client on a plane of its own; how its requests are answered. */
class Worker {
	readonly sink = new Sink();
	/** Of its own: some change it. */
	readonly request = Buffer.from(REQUEST);
	readonly #client: ClientConnection;
	readonly #requests: Requests;

	constructor(route: (worker: Requests['plane']) => Route) {
		const { plane } = bareRequests();
		this.#requests = new Requests(plane, handle);
		const only = route(plane);
		plane.routes = { match: () => only, methodsAllowed: () => [] };
		this.#client = new ClientConnection(this.#requests, false);
		this.#client.attach(this.sink, '192.0.2.7');
	}

	ask(): void {
		this.#client.onBytes(this.request, this.request.length);
	}
}

/** Each request is for another target, which the origin is asked for. */
class Misses extends Worker {
	#origin!: LoneOrigin;
	#asked = 1e9;

	/** `stored`: each answer is, though no other is asked for again. */
	constructor(cache: 'none' | 'stored' | 'scan') {
		let origin: LoneOrigin | undefined;
		super((plane) => {
			origin = new LoneOrigin(plane, new Sink());
			(plane.upstreams as unknown[]).push(origin);
			if (cache === 'none') return forwardingRoute(null, 2);
			const lookup = cachingOf(plane);
			if (cache === 'stored') lookup.store.admits = () => true;
			return forwardingRoute(new RouteCache(lookup, PLAIN_CACHE, ''), 2);
		});
		this.#origin = origin as LoneOrigin;
	}

	override ask(): void {
		this.request.write(String(this.#asked++), NUMBER_AT, 'latin1');
		super.ask();
		this.#origin.give(ANSWER);
	}
}

function cachingOf(plane: DataPlane): AnswerCaching {
	const store = openAnswerStore(AnswerMemory.create(64 * 1024 * 1024), 0);
	const hash = new CacheHash(randomBytes(32));
	const marks = new UrlMarks(UrlMarks.create());
	const lines = { again: lookAgain, goOn, balance: () => 0 };
	return new AnswerCaching({ plane, store, marks, hash, levels: null, bodyMost: 1e9, ...lines });
}

/** Of a cache that has the answer, of so many bytes. */
function caching(bytes: number): Worker {
	return new Worker((plane) => {
		const lookup = cachingOf(plane);
		const { store } = lookup.parts;
		const cache = new RouteCache(lookup, PLAIN_CACHE, '');
		const key = cache.keys.build({
			buffer: REQUEST,
			targetStart: REQUEST.indexOf('/v1'),
			targetEnd: REQUEST.indexOf(' HTTP'),
			hostStart: REQUEST.indexOf('api.'),
			hostEnd: REQUEST.indexOf('\r', REQUEST.indexOf('api.')),
			client: { secure: false, trusted: false },
		} as never);
		const entry = store.begin(key);
		const nowMs = Date.now();
		entry?.setAnswer(storedAnswer({ length: bytes, requestMs: nowMs, responseMs: nowMs, freshMs: 86_400_000 }));
		entry?.append(Buffer.alloc(bytes, 'x'), 0, bytes);
		entry?.complete(null);
		entry?.release();
		return forwardingRoute(cache, 2);
	});
}

/** Of an answer that stands in the configuration. */
function fixed(bytes: number): Worker {
	const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n`);
	return new Worker(() => forwardingRoute(null, 2, { fixed: { status: 200, head, body: Buffer.alloc(bytes, 'x') } }));
}

interface Case {
	readonly figure: string;
	readonly key: string;
	readonly worker: Worker;
	/** Least that an answer has. */
	readonly bytes: number;
}

/** ns of CPU a request. */
function round({ worker, bytes }: Case): number {
	worker.sink.bytes = 0;
	const from = process.threadCpuUsage();
	for (let i = 0; i < REQUESTS; i++) worker.ask();
	const { user, system } = process.threadCpuUsage(from);
	if (worker.sink.bytes < bytes * REQUESTS)
		throw new Error(`not what was stored: ${Buffer.from(worker.sink.last).toString('latin1', 0, 200)}`);
	return ((user + system) * 1000) / REQUESTS;
}

/** The median over the rounds, in each of which all have their turn; the first one, which compiles, left out. */
function costs(cases: readonly Case[]): Line[] {
	const rounds = cases.map((): number[] => []);
	for (let at = 0; at <= ROUNDS; at++)
		for (const [which, one] of cases.entries()) {
			const ns = round(one);
			if (at > 0) (rounds[which] as number[]).push(ns);
		}
	return cases.map(({ figure, key }, which) => {
		return { figure, key, measured: Math.round(median(rounds[which] ?? [])), most: undefined, unit: 'ns' };
	});
}

const misses: readonly Case[] = [
	{ figure: 'a request of 600 bytes that is forwarded', key: 'forwarded', worker: new Misses('none'), bytes: 600 },
	{ figure: 'the same, a miss that is stored', key: 'miss', worker: new Misses('stored'), bytes: 600 },
	{ figure: 'the same, a miss in a scan', key: 'scan', worker: new Misses('scan'), bytes: 600 },
];

const hits = (): readonly Case[] => [
	{ figure: 'a fixed answer of 1 KiB', key: 'fixed_1k', worker: fixed(1024), bytes: 1024 },
	{ figure: 'a hit of 1 KiB', key: 'hit_1k', worker: caching(1024), bytes: 1024 },
	{ figure: 'a hit of 10 KiB', key: 'hit_10k', worker: caching(10_240), bytes: 10_240 },
	{ figure: 'a hit of 100 KiB', key: 'hit_100k', worker: caching(102_400), bytes: 102_400 },
];

await conclude('cache-look', async () => costs(process.argv.includes('--misses') ? misses : [...misses, ...hits()]));
