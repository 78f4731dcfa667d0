/** One route of a worker with a cache, and maybe a level behind it, whose only instance answers when it is told to. */
import { randomBytes } from 'node:crypto';
import { type CachePolicy, PLAIN_CACHE } from '../../../cache/cache-policy.ts';
import { AnswerMemory } from '../../../cache/memory/answer-memory.ts';
import { type MemoryStore, openAnswerStore } from '../../../cache/memory/memory-store.ts';
import { CacheHash } from '../../../cache/rules/cache-hash.ts';
import type { FoundAnswer, KeptAnswer, SecondLevel } from '../../../cache/second-level.ts';
import { UrlMarks } from '../../../cache/url-marks.ts';
import { ClientConnection } from '../../../gateway/client-connection.ts';
import type { DataPlane } from '../../../gateway/data-plane.ts';
import { Requests } from '../../../gateway/requests.ts';
import type { Route } from '../../../gateway/route.ts';
import { bareRequests } from '../../../gateway/testing/bare-plane.ts';
import { forwardingRoute } from '../../../gateway/testing/forwarding-route.ts';
import { LoneOrigin } from '../../../gateway/testing/lone-origin.ts';
import { TakingTransport } from '../../../wire/testing/taking-transport.ts';
import { goOn, handle, lookAgain } from '../../pipeline.ts';
import { AnswerCaching } from '../answer-caching.ts';
import { RouteCache } from '../route-cache.ts';
import { SecondLevels } from '../second-levels.ts';

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Origin extends LoneOrigin {
	readonly sink: TakingTransport;

	constructor(plane: DataPlane) {
		const sink = new TakingTransport();
		super(plane, sink);
		this.sink = sink;
	}

	answer(status: string, fields: string, body = ''): void {
		this.give(Buffer.from(`HTTP/1.1 ${status}\r\n${fields}\r\n${body}`));
	}

	/** Requests that came, but for those before. */
	asked(): string {
		const { text } = this.sink;
		this.sink.text = '';
		return text;
	}
}

/** Its answers come when the test says so. */
export class HandLevel implements SecondLevel {
	readonly name = 'hand';
	readonly timeoutMs = 60_000;
	readonly kept: string[] = [];
	readonly asked: ((found: FoundAnswer | null) => void)[] = [];

	/** It cannot be asked now. */
	closed = false;

	find(): Promise<FoundAnswer | null> | null {
		if (this.closed) return null;
		return new Promise((resolve) => this.asked.push(resolve));
	}

	keep({ entry }: KeptAnswer): void {
		this.kept.push(entry.read(0).toString('latin1'));
	}

	drop(): void {}
	changed(): void {}
	async close(): Promise<void> {}

	/** Who still waits for it would keep the process alive until it is late. */
	answerAll(): void {
		for (const answer of this.asked.splice(0)) answer(null);
	}
}

export interface LoneNodeOptions {
	readonly policy?: Partial<CachePolicy>;
	readonly level?: HandLevel;
	readonly route?: Partial<Route>;
}

export class LoneNode {
	readonly level: HandLevel;
	readonly origin: Origin;
	readonly store: MemoryStore = openAnswerStore(AnswerMemory.create(4 * 1024 * 1024), 0);
	readonly caching: AnswerCaching;
	readonly route: Route;
	readonly #requests: Requests;

	constructor({ policy = {}, level, route = {} }: LoneNodeOptions = {}) {
		const { plane } = bareRequests();
		this.#requests = new Requests(plane, handle);
		this.origin = new Origin(plane);
		(plane.upstreams as unknown[]).push(this.origin);
		const [hash, marks] = [new CacheHash(randomBytes(32)), new UrlMarks(UrlMarks.create())];
		const lines = { again: lookAgain, goOn, balance: () => 0 };
		this.level = level ?? new HandLevel();
		const levels = level === undefined ? null : new SecondLevels([level], marks);
		this.caching = new AnswerCaching({ plane, store: this.store, marks, hash, levels, bodyMost: 1e6, ...lines });
		const cache = new RouteCache(this.caching, { ...PLAIN_CACHE, ...policy }, '');
		const only = forwardingRoute(cache, 2, route);
		this.route = only;
		plane.routes = { match: () => only, methodsAllowed: () => [] };
	}

	/** A client that asks for it. */
	ask(path = '/page', more = '', method = 'GET'): { client: ClientConnection; sink: TakingTransport } {
		const [client, sink] = [new ClientConnection(this.#requests, false), new TakingTransport()];
		client.attach(sink, '192.0.2.7');
		const request = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: a.example\r\nX-Asked: ${path}\r\n${more}\r\n`);
		client.onBytes(request, request.length);
		return { client, sink };
	}

	/** What the level has for the first that it was asked for, comes. */
	async found(found: FoundAnswer | null): Promise<void> {
		this.level.asked.shift()?.(found);
		await turn();
	}
}
