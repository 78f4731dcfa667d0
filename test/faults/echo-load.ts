/** Clients that ask on and on, each request with an id of its own, and what came of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Asked, EchoClient, type Told } from './echo-client.ts';

export interface EchoLoadOptions {
	port: number;
	clients: number;
	/** So many of them open a connection for each request. */
	fresh?: number;
	/** Between two requests of a client, ms; 0: none. */
	pauseMs?: number;
	/** How request number `n` differs from a GET of 100 bytes. */
	request?: (n: number) => Partial<Asked>;
}

/** Each id is as long as the others, so that none is part of another. */
export const idOf = (n: number): string => n.toString(36).padStart(7, '0');

export function asked(n: number, changes: Partial<Asked> = {}): Asked {
	const id = idOf(n);
	return { id, method: 'GET', size: 100, deed: 'ok', bodySize: 0, chunked: false, last: false, ...changes };
}

export class EchoLoad {
	/** Requests that were sent. */
	sent = 0;
	/** Whole answers of instances, with status 200. */
	answered = 0;
	/** All others, in order. */
	readonly failures: Told[] = [];
	/** Connections that were refused: no request was sent by them. */
	refusedConnections = 0;
	/** Time of each answer and how long it took, ms. */
	readonly atMs: number[] = [];
	readonly tookMs: number[] = [];
	/** When each instance last answered. */
	readonly lastBy = new Map<string, number>();
	/** Called with each request that was sent. */
	onTold: ((told: Told) => void) | undefined;
	readonly #options: EchoLoadOptions;
	readonly #loops: Promise<void>[];
	#stopped = false;

	constructor(options: EchoLoadOptions) {
		this.#options = options;
		this.#loops = Array.from({ length: options.clients }, (_, i) => this.#loop(i < (options.fresh ?? 0)));
	}

	async #loop(fresh: boolean): Promise<void> {
		const { port, pauseMs = 0, request = () => ({}) } = this.#options;
		let client: EchoClient | null = null;
		while (!this.#stopped) {
			if (client === null || client.over) {
				client = new EchoClient(port, (told) => this.#told(told));
				if (!(await client.connected())) {
					this.refusedConnections++;
					client = null;
					await sleep(10);
					continue;
				}
			}
			const n = this.sent++;
			await client.ask([asked(n, { last: fresh, ...request(n) })]);
			if (pauseMs > 0) await sleep(pauseMs);
		}
		client?.leave('destroy');
	}

	#told(told: Told): void {
		if (told.outcome === 'answered' && told.status === 200) {
			this.answered++;
			this.atMs.push(told.atMs);
			this.tookMs.push(told.tookMs);
			this.lastBy.set(told.instance, told.atMs);
		} else this.failures.push(told);
		this.onTold?.(told);
	}

	/** Ends it once what is under way is answered. */
	async stop(): Promise<void> {
		this.#stopped = true;
		await Promise.all(this.#loops);
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.stop();
	}

	/** The failed requests, by method and kind, for messages. */
	shown(failures: readonly Told[] = this.failures): string {
		const kinds = new Map<string, number>();
		for (const {
			asked: { method },
			outcome,
			status,
			why,
		} of failures) {
			const code = /"code":"(\w+)"/.exec(why)?.[1] ?? why;
			const kind = `${method} ${outcome} ${status} ${code}`.trim();
			kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
		}
		return [...kinds].map(([kind, times]) => `${times} × ${kind}`).join(', ') || 'none';
	}

	/** How long answers took that came in this span (`performance.now()`). */
	tookBetween(fromMs: number, toMs: number): number[] {
		return this.tookMs.filter((_, i) => (this.atMs[i] as number) >= fromMs && (this.atMs[i] as number) < toMs);
	}
}
