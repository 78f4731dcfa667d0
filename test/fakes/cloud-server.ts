/**
 * The HTTP side of a fake cloud: tokens, throttling, permissions, delays, and the provider's published model, which
 * every request and every answer is held to.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelCheck } from './cloud-models/check-model.ts';

export interface Call {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly body: unknown;
	/** What the route's pattern found. */
	readonly found: readonly string[];
}

export interface Answer {
	readonly status: number;
	readonly body?: unknown;
	readonly headers?: Record<string, string>;
}

export interface Route {
	readonly method: string;
	readonly path: RegExp;
	/** The permission that the caller needs; null: none. */
	readonly action: string | null;
	/** Model of the body; none: it must have none. */
	readonly takes?: string;
	/** Model of what is answered with 2xx; none: there is no body. */
	readonly gives?: string;
	/** Parameters of the query that it knows. */
	readonly query: readonly string[];
	readonly handle: (call: Call) => Answer;
}

export interface CloudParts {
	readonly models: ModelCheck;
	readonly errorModel: string | null;
	readonly errors: {
		throttled(retryAfterS: number): Answer;
		expired(): Answer;
		denied(action: string, path: string): Answer;
		invalid(message: string): Answer;
		missing(path: string): Answer;
		broken(): Answer;
	};
}

export class CloudServer {
	/** What did not fit the provider's model, of both sides; a test looks that there is nothing. */
	readonly violations: string[] = [];
	/** Permissions that were needed so far. */
	readonly actions = new Set<string>();
	readonly calls: { method: string; path: string; status: number }[] = [];
	/** Nothing is answered. */
	silent = false;
	/** Each answer takes so long, ms. */
	delayMs = 0;
	readonly #parts: CloudParts;
	readonly #server: Server;
	#routes: readonly Route[] = [];
	#throttled = { left: 0, retryAfterS: 1 };
	#broken = 0;
	readonly #denied = new Set<string>();
	#tokens = 1;

	constructor(parts: CloudParts) {
		this.#parts = parts;
		this.#server = createServer((request, response) => void this.#serve(request, response));
	}

	serve(routes: readonly Route[]): void {
		this.#routes = routes;
		// Compiled now, so that no request waits for it.
		for (const model of routes.flatMap(({ takes, gives }) => [takes, gives]))
			if (model !== undefined) this.#parts.models.complain(model, null);
	}

	async listen(): Promise<void> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	/** The token that is taken now. It must be seen nowhere else. */
	get token(): string {
		return `SECRET-token-${this.#tokens}`;
	}

	/** What gets tokens for a client; a fresh one is taken. */
	readonly tokens = {
		kept: '',
		token: async (fresh: boolean): Promise<string> => {
			if (fresh || this.tokens.kept === '') this.tokens.kept = this.token;
			return this.tokens.kept;
		},
	};

	/** The token that clients have is not taken any more. */
	expire(): void {
		this.#tokens++;
	}

	/** The next requests are refused. */
	throttle(requests: number, retryAfterS = 1): void {
		this.#throttled = { left: requests, retryAfterS };
	}

	/** The next requests are answered 503. */
	fail(requests: number): void {
		this.#broken = requests;
	}

	deny(action: string): void {
		this.#denied.add(action);
	}

	/** A permission beside that of the route. */
	permits(action: string): boolean {
		this.actions.add(action);
		return this.grants(action);
	}

	/** As `permits`, without a need for it. */
	grants(action: string): boolean {
		return !this.#denied.has(action);
	}

	allowAll(): void {
		this.#denied.clear();
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		if (this.silent) return;
		if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
		const url = new URL(request.url ?? '/', this.url);
		const text = Buffer.concat(chunks).toString();
		const call = { method: request.method ?? '', path: decodeURIComponent(url.pathname), query: url.searchParams };
		const answer = this.#answer({ ...call, body: text === '' ? undefined : JSON.parse(text), found: [] }, request);
		this.calls.push({ method: call.method, path: call.path, status: answer.status });
		response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
		response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
	}

	#answer(call: Call, request: IncomingMessage): Answer {
		const { errors } = this.#parts;
		if (request.headers.authorization !== `Bearer ${this.token}`) return this.#checked(errors.expired());
		if (this.#throttled.left-- > 0) return this.#checked(errors.throttled(this.#throttled.retryAfterS));
		if (this.#broken-- > 0) return errors.broken();
		for (const route of this.#routes) {
			const found = route.method === call.method ? route.path.exec(call.path) : null;
			if (found === null) continue;
			const { action } = route;
			if (action !== null && !this.permits(action)) return this.#checked(errors.denied(action, call.path));
			const wrong = this.#complain(route, call);
			if (wrong !== null) return this.#violated(`${call.method} ${call.path}: ${wrong}`);
			return this.#checked(route.handle({ ...call, found: found.slice(1) }), route);
		}
		return this.#checked(errors.missing(call.path));
	}

	#complain(route: Route, { body, query }: Call): string | null {
		const unknown = [...query.keys()].find((name) => !route.query.includes(name));
		if (unknown !== undefined) return `unknown parameter ${unknown}`;
		// Google's own client sends an empty text where there is nothing to send.
		const empty = body === undefined || body === '';
		if (route.takes === undefined) return empty ? null : `a body that is not expected: ${JSON.stringify(body)}`;
		return this.#parts.models.complain(route.takes, body);
	}

	#checked(answer: Answer, route?: Route): Answer {
		const good = answer.status < 300;
		const model = good ? route?.gives : this.#parts.errorModel;
		if (model === undefined || model === null) return answer;
		const wrong = this.#parts.models.complain(model, answer.body);
		return wrong === null ? answer : this.#violated(`the fake's own answer: ${wrong}`);
	}

	#violated(words: string): Answer {
		this.violations.push(words);
		return this.#parts.errors.invalid(words);
	}
}
