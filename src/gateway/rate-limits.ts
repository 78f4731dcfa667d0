import { hashText } from '../core/hash.ts';
import type { KeyedHash } from '../core/keyed-hash.ts';
import { STRIDE } from '../wire/head.ts';
import { type Addressed, clientAddress } from './client-address.ts';
import { ClientNetwork } from './client-network.ts';
import type { RateLimitPolicy } from './config.ts';
import { type Problem, problemOf } from './problem.ts';

/**
 * Decides whether one more request fits a limit; what `src/resilience` builds fits it. `a` and `b` are halves of a
 * keyed hash of whom it counts; `nowMs` is the same in all threads.
 */
export interface RateLimiter {
	/** 0: it does, and is counted; else the ms (> 0) until it would. */
	take(a: number, b: number, nowMs: number): number;
	/** Puts back what was taken for a request that was refused elsewhere. */
	give(a: number, b: number, nowMs: number): void;
}

/** A limit of a route, and who decides. */
export interface RouteLimit {
	readonly policy: RateLimitPolicy;
	readonly limiter: RateLimiter;
}

/** What stands before a part of a key, so that no two parts look alike: these and the families of addresses, 0, 4 and 6. */
const Kind = { route: 1, header: 2 } as const;

/** All limits of one route, ready to use. */
export class RateLimits {
	readonly #limits: readonly RouteLimit[];
	readonly #hash: KeyedHash;
	readonly #route: readonly [number, number];
	readonly #policyLine: string;
	readonly #network = new ClientNetwork();
	#networkRead = false;
	/** Of the request at hand, by limit: both halves of its key's hash, and how long it must wait. */
	readonly #hashes: Int32Array;
	readonly #waits: Float64Array;
	/** The last answer of each limit; most refusals in a row are alike. */
	readonly #answers: ({ seconds: number; problem: Problem } | undefined)[] = [];

	/** `route`: what the limits know the route by. */
	constructor(limits: readonly RouteLimit[], route: string, hash: KeyedHash) {
		this.#limits = limits;
		this.#hash = hash;
		this.#route = [hashText(route), hashText(route, 1)];
		this.#policyLine = `RateLimit-Policy: ${limits.map(({ policy }) => policyItem(policy)).join(', ')}\r\n`;
		this.#hashes = new Int32Array(2 * limits.length);
		this.#waits = new Float64Array(limits.length);
	}

	/** Takes one request out of what is left to its client. null: it is within all limits; else the answer to it. */
	take(request: Addressed, nowMs: number): Problem | null {
		let longest = 0;
		let refusing = -1;
		this.#networkRead = false;
		for (let i = 0; i < this.#limits.length; i++) {
			const { policy, limiter } = this.#limits[i] as RouteLimit;
			this.#hashKey(request, policy);
			const { a, b } = this.#hash;
			this.#hashes[2 * i] = a;
			this.#hashes[2 * i + 1] = b;
			const wait = limiter.take(a, b, nowMs);
			this.#waits[i] = wait;
			if (wait <= longest) continue;
			longest = wait;
			refusing = i;
		}
		if (refusing < 0) return null;
		this.#giveBack(nowMs);
		return this.#answer(refusing, Math.ceil(longest / 1000));
	}

	/** A request that one limit refuses costs nothing of the others. */
	#giveBack(nowMs: number): void {
		for (let i = 0; i < this.#limits.length; i++) {
			if (this.#waits[i] !== 0) continue;
			const { limiter } = this.#limits[i] as RouteLimit;
			limiter.give(this.#hashes[2 * i] as number, this.#hashes[2 * i + 1] as number, nowMs);
		}
	}

	#hashKey(request: Addressed, { key, from }: RateLimitPolicy): void {
		const hash = this.#hash;
		hash.begin();
		for (let i = 0; i < key.length; i++) {
			const part = key[i] as RateLimitPolicy['key'][number];
			if (part.from === 'route') {
				hash.word(Kind.route << 28);
				hash.word(this.#route[0]);
				hash.word(this.#route[1]);
			} else if (
				part.from !== 'header' ||
				!(request.client.trusted || from === 'anyone') ||
				!this.#hashField(request, part.name)
			)
				this.#hashAddress(request);
		}
		hash.finish();
	}

	/** False: there is no such field, or several, of which somebody may have added one. */
	#hashField({ buffer, head }: Addressed, name: string): boolean {
		const { fields } = head;
		const i = fields.find(buffer, name);
		if (i < 0 || fields.find(buffer, name, i + 1) >= 0) return false;
		const start = fields.table[i * STRIDE + 2] as number;
		const end = fields.table[i * STRIDE + 3] as number;
		if (start === end) return false;
		this.#hash.bytes(Kind.header, buffer, start, end);
		return true;
	}

	#hashAddress(request: Addressed): void {
		const network = this.#network;
		if (!this.#networkRead) {
			network.read(clientAddress(request));
			this.#networkRead = true;
		}
		this.#hash.word(network.family);
		this.#hash.word(network.high);
		this.#hash.word(network.low);
	}

	#answer(limit: number, seconds: number): Problem {
		const last = this.#answers[limit];
		if (last?.seconds === seconds) return last.problem;
		const { name } = (this.#limits[limit] as RouteLimit).policy;
		const { status, head, body } = problemOf('rate_limited');
		const lines = `Retry-After: ${seconds}\r\n${this.#policyLine}RateLimit: "${name}";r=0;t=${seconds}\r\n`;
		const problem = { status, head: Buffer.concat([head, Buffer.from(lines, 'latin1')]), body };
		this.#answers[limit] = { seconds, problem };
		return problem;
	}
}

/** draft-ietf-httpapi-ratelimit-headers: the quota, and the whole seconds in which it is there again. */
function policyItem({ name, burst, count, perMs }: RateLimitPolicy): string {
	return `"${name}";q=${burst};w=${Math.max(1, Math.ceil((burst * perMs) / count / 1000))}`;
}
