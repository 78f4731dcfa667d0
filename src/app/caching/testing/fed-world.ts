/** One worker of a node, whose instance answers when it is told to, and clients that take what they get when they are told to. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PLAIN_CACHE } from '../../../cache/cache-policy.ts';
import type { DiskPlan } from '../../../cache/disk/disk-bodies.ts';
import { AnswerMemory } from '../../../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../../../cache/memory/memory-store.ts';
import { CacheHash } from '../../../cache/rules/cache-hash.ts';
import { UrlMarks } from '../../../cache/url-marks.ts';
import type { Attempt } from '../../../gateway/attempt.ts';
import { ClientConnection } from '../../../gateway/client-connection.ts';
import type { DataPlane } from '../../../gateway/data-plane.ts';
import { Requests } from '../../../gateway/requests.ts';
import type { Route } from '../../../gateway/route.ts';
import { bareRequests } from '../../../gateway/testing/bare-plane.ts';
import { forwardingRoute } from '../../../gateway/testing/forwarding-route.ts';
import { type ConnectionOwner, UpstreamConnection } from '../../../gateway/upstream-connection.ts';
import { TakingTransport } from '../../../wire/testing/taking-transport.ts';
import { goOn, handle, lookAgain } from '../../pipeline.ts';
import { AnswerCaching } from '../answer-caching.ts';
import { RouteCache } from '../route-cache.ts';

/** Takes what it is given at once, or only when it is told to. */
export class Side extends TakingTransport {
	takes = true;
	cut = false;
	paused = false;
	/** As memory stands when it is taken. */
	#held: Uint8Array[] = [];

	override write(bytes: Uint8Array): boolean {
		if (this.takes) {
			super.write(bytes);
			return true;
		}
		this.#held.push(bytes);
		this.pending += bytes.length;
		return false;
	}

	/** What was not taken is now. */
	take(): void {
		this.pending = 0;
		for (const bytes of this.#held.splice(0)) super.write(bytes);
	}

	override reset(): void {
		this.cut = true;
	}

	override pause(): void {
		this.paused = true;
	}

	override resume(): void {
		this.paused = false;
	}
}

export class Client {
	readonly side = new Side();
	readonly connection: ClientConnection;

	constructor(requests: Requests) {
		this.connection = new ClientConnection(requests, false);
		this.connection.attach(this.side, '192.0.2.7');
	}

	ask(path = '/k', more = '', minor = 1): void {
		const bytes = Buffer.from(`GET ${path} HTTP/1.${minor}\r\nHost: a\r\n${more}\r\n`);
		this.connection.onBytes(bytes, bytes.length);
	}

	/** It takes what it was given. */
	drain(): void {
		this.side.takes = true;
		this.drainOnce();
	}

	/** The same, and nothing of what comes next. */
	drainOnce(): void {
		this.side.take();
		this.connection.onDrain();
	}

	get body(): string {
		return this.side.text.slice(this.side.text.indexOf('\r\n\r\n') + 4);
	}

	/** Of a body in chunks what came, and whether that is all. */
	get chunks(): { text: string; ended: boolean } {
		const { body } = this;
		const pieces: string[] = [];
		for (let at = 0; ; ) {
			const line = body.indexOf('\r\n', at);
			const size = line < 0 ? -1 : Number.parseInt(body.slice(at, line), 16);
			if (size <= 0) return { text: pieces.join(''), ended: size === 0 };
			pieces.push(body.slice(line + 2, line + 2 + size));
			at = line + 4 + size;
		}
	}
}

export interface WorldOptions {
	/** What is purged is noted there. */
	readonly recent?: SharedArrayBuffer | null;
	/** Another worker of this one's node. */
	readonly beside?: World;
	readonly route?: Partial<Route>;
	/** Large bodies lie there. */
	readonly disk?: DiskPlan | null;
}

/** One instance, with a connection for each question. */
export class World {
	readonly requests: Requests;
	readonly memory: SharedArrayBuffer;
	readonly store: MemoryStore;
	readonly caching: AnswerCaching;
	readonly asked: UpstreamConnection[] = [];
	/** Of these. */
	readonly sides: Side[] = [];
	readonly #plane: DataPlane;

	constructor({ recent = null, beside, route = {}, disk = null }: WorldOptions = {}) {
		this.memory = beside?.memory ?? AnswerMemory.create(4 * 1024 * 1024);
		this.store = openAnswerStore(this.memory, beside === undefined ? 0 : 1, { recent, disk });
		const { plane } = bareRequests();
		this.#plane = plane;
		this.requests = new Requests(plane, handle);
		const { asked, sides } = this;
		const origin: ConnectionOwner = {
			plane,
			authority: '192.0.2.8:80',
			serial: 1,
			acquire: (attempt: Attempt) => {
				const connection = new UpstreamConnection(origin);
				const side = new Side();
				sides.push(side);
				connection.attach(side);
				asked.push(connection);
				connection.begin(attempt, true);
			},
			enter: () => true,
			leave() {},
			forget() {},
			release() {},
			closed() {},
		};
		(plane.upstreams as unknown[]).push(origin);
		const hash = beside?.caching.hash ?? new CacheHash(randomBytes(32));
		const marks = new UrlMarks(UrlMarks.create());
		const lines = { again: lookAgain, goOn, balance: () => 0 };
		this.caching = new AnswerCaching({ plane, store: this.store, marks, hash, levels: null, bodyMost: 1e9, ...lines });
		const only = forwardingRoute(new RouteCache(this.caching, PLAIN_CACHE, ''), 1, route);
		plane.routes = { match: () => only, methodsAllowed: () => [] };
	}

	/** The answer to the first, second … question, or a piece of it. */
	answer(text: string, which = 0): void {
		const bytes = Buffer.from(text);
		bytes.copy(this.#plane.rx);
		this.asked[which]?.onBytes(this.#plane.rx, bytes.length);
	}

	client(): Client {
		return new Client(this.requests);
	}

	/** Nobody holds anything, and nothing is being asked for. */
	isAtRest(entries: number): void {
		assert.equal(this.caching.idle, true);
		assert.equal(this.store.usage.entries, entries);
		this.store.table.lock();
		for (let at = 0; at < 256; at++)
			for (const place of [2, 6, 10])
				assert.equal(this.store.memory.cells[this.store.memory.stripes + at * 16 + place], 0, 'a place that is left');
		this.store.table.unlock();
	}

	/** What a later client gets without a question. */
	hit(): string {
		const client = this.client();
		const before = this.asked.length;
		client.ask();
		assert.equal(this.asked.length, before);
		return client.body;
	}
}
