/** Clients that ask on and on, and what went wrong for them. */
import { connect, type RawClient } from './raw-client.ts';

export interface LoadOptions {
	port: number;
	clients: number;
	/** Of them so many open a connection for each request. */
	fresh?: number;
	/** What client number `i` asks for. */
	request: (i: number) => string;
	/** Statuses that are right; default 200. */
	statuses?: readonly number[];
}

/** A running load. Stop it and read what it counted. */
export class Load {
	answered = 0;
	/** One line for each request without the right answer. */
	readonly failures: string[] = [];
	/** Longest time that a request took, ms. */
	slowest = 0;
	/** By what the answer says who gave it. */
	readonly byBody = new Map<string, number>();
	readonly #options: LoadOptions;
	readonly #loops: Promise<void>[];
	#stopped = false;

	constructor(options: LoadOptions) {
		this.#options = options;
		this.#loops = Array.from({ length: options.clients }, (_, i) => this.#loop(i, i < (options.fresh ?? 0)));
	}

	async #loop(i: number, fresh: boolean): Promise<void> {
		let client: RawClient | null = null;
		const request = this.#options.request(i);
		while (!this.#stopped) {
			const started = performance.now();
			try {
				client ??= await connect(this.#options.port);
				client.send(request);
				const answer = await client.answer({ withinMs: 30_000 });
				this.slowest = Math.max(this.slowest, performance.now() - started);
				if ((this.#options.statuses ?? [200]).includes(answer.status)) this.answered++;
				else this.failures.push(`${answer.status} ${answer.text}`);
				if (answer.body.length < 100) this.byBody.set(answer.text, (this.byBody.get(answer.text) ?? 0) + 1);
				if (fresh || answer.field('connection') === 'close') {
					client.destroy();
					client = null;
				} else client.forget();
			} catch (error) {
				this.failures.push((error as Error).message);
				client?.destroy();
				client = null;
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
		}
		client?.destroy();
	}

	/** Ends it, with the requests that are under way answered. */
	async stop(): Promise<void> {
		this.#stopped = true;
		await Promise.all(this.#loops);
	}
}
