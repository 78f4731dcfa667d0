/** Clients that hand in one job after another, each until it is acknowledged, whatever becomes of whom they ask. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/suite.ts';

export interface JobCallersOptions {
	/** Where they ask, in turn. */
	ports: readonly number[];
	callers: number;
	/** Between two jobs of a caller, ms. */
	pauseMs: number;
	path: string;
	body: string;
	headers?: Record<string, string>;
}

export interface JobAnswer {
	status: number;
	text: string;
	retryAfter: string | undefined;
}

export interface JobView {
	state: string;
	attempts: number;
	error: { code: string } | null;
}

/** By how many: `succeeded`, `running`, `lost` … */
export function statesOf(views: ReadonlyMap<string, JobView | null>): Record<string, number> {
	const states: Record<string, number> = {};
	for (const view of views.values()) states[view?.state ?? 'lost'] = (states[view?.state ?? 'lost'] ?? 0) + 1;
	return states;
}

/** Before the same job is tried again, ms. */
const AGAIN_MS = 200;
/** Whoever says nothing for so long is asked no more, ms. */
const SILENT_MS = 15_000;
const LOOK_AT_ONCE = 32;

export class JobCallers {
	/** Jobs that got 202, oldest first. */
	readonly acknowledged: string[] = [];
	/** What came instead of 202, and how often: `503 jobs_unavailable`, `ECONNREFUSED`. */
	readonly refused = new Map<string, number>();
	/** 503s without `Retry-After`. */
	unhinted = 0;
	/** The longest time without any acknowledgement since `faultBegins`, ms. */
	outageMs = 0;
	readonly #options: JobCallersOptions;
	readonly #agent: Agent;
	readonly #loops: Promise<void>[];
	#lastMs = performance.now();
	#stopped = false;
	#closed = false;
	#wake: (() => void)[] = [];
	#asked = 0;

	constructor(options: JobCallersOptions) {
		this.#options = options;
		this.#agent = new Agent({ keepAlive: true, maxSockets: options.callers + LOOK_AT_ONCE });
		this.#loops = Array.from({ length: options.callers }, () => this.#call());
	}

	async #call(): Promise<void> {
		while (!this.#stopped) {
			const key = randomUUID();
			// One that was refused may be there all the same: so it is tried to the end, by the same key.
			while (!this.#closed && !(await this.#once(key))) await sleep(AGAIN_MS);
			await sleep(this.#options.pauseMs * (0.5 + Math.random()));
		}
	}

	async #once(key: string): Promise<boolean> {
		const { path, body, headers } = this.#options;
		const own = { prefer: 'respond-async', 'idempotency-key': key, ...headers };
		const answer = await this.ask('POST', path, { headers: own, body });
		if (answer.status !== 202) {
			const code = /"code":"(\w+)"/.exec(answer.text)?.[1] ?? '';
			const what = answer.status === 0 ? answer.text : `${answer.status} ${code}`;
			this.refused.set(what, (this.refused.get(what) ?? 0) + 1);
			if (answer.status === 503 && answer.retryAfter === undefined) this.unhinted++;
			return false;
		}
		const now = performance.now();
		this.outageMs = Math.max(this.outageMs, now - this.#lastMs);
		this.#lastMs = now;
		this.acknowledged.push((JSON.parse(answer.text) as { id: string }).id);
		for (const wake of this.#wake.splice(0)) wake();
		return true;
	}

	/** Resolves with the answer, or with status 0 and what broke instead. */
	ask(
		method: string,
		path: string,
		more: { headers?: Record<string, string>; body?: string } = {},
	): Promise<JobAnswer> {
		const { ports } = this.#options;
		const port = ports[this.#asked++ % ports.length] as number;
		const { promise, resolve } = Promise.withResolvers<JobAnswer>();
		const failed = (error: NodeJS.ErrnoException): void =>
			resolve({ status: 0, text: error.code ?? error.message, retryAfter: undefined });
		const { headers = {}, body = '' } = more;
		const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
		const call = request({ port, method, path, agent: this.#agent, headers: { ...headers, ...length } });
		call.setTimeout(SILENT_MS, () => call.destroy(Object.assign(new Error('silence'), { code: 'silence' })));
		call.on('error', failed).on('response', (response: IncomingMessage) => {
			const { statusCode: status = 0 } = response;
			let text = '';
			response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
			response
				.on('error', failed)
				.on('end', () => resolve({ status, text, retryAfter: response.headers['retry-after'] }));
		});
		call.end(body);
		return promise;
	}

	faultBegins(): void {
		this.#lastMs = performance.now();
		this.outageMs = 0;
	}

	/** Waits until another job is acknowledged, or so many ms are over. */
	async another(mostMs: number): Promise<void> {
		const over = new AbortController();
		await Promise.race([
			new Promise<void>((resolve) => this.#wake.push(resolve)),
			sleep(mostMs, undefined, { signal: over.signal }).catch(() => {}),
		]);
		over.abort();
	}

	/** Waits until so many more are acknowledged. */
	async more(count: number, withinMs = 60_000): Promise<void> {
		const least = this.acknowledged.length + count;
		await eventually(
			() => ({ acknowledged: this.acknowledged.length, refused: [...this.refused] }),
			({ acknowledged }) => acknowledged >= least,
			withinMs,
		);
	}

	/** Hands in no more, once what is under way is acknowledged. */
	async stop(): Promise<void> {
		this.#stopped = true;
		await Promise.all(this.#loops);
	}

	/** All that were acknowledged as they are now; null: lost. */
	async views(): Promise<Map<string, JobView | null>> {
		const views = new Map<string, JobView | null>();
		const rest = [...this.acknowledged];
		const look = async (): Promise<void> => {
			for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
				const answer = await this.ask('GET', `/jobs/${id}`, { headers: this.#options.headers ?? {} });
				if (answer.status !== 404) assert.equal(answer.status, 200, answer.text);
				views.set(id, answer.status === 404 ? null : (JSON.parse(answer.text) as JobView));
			}
		};
		await Promise.all(Array.from({ length: LOOK_AT_ONCE }, look));
		return views;
	}

	/** What came instead of 202, for messages. */
	shown(): string {
		return [...this.refused].map(([what, times]) => `${times} × ${what}`).join(', ') || 'none';
	}

	[Symbol.dispose](): void {
		this.#stopped = this.#closed = true;
		this.#agent.destroy();
	}
}
