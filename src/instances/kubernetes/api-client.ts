/**
 * A thin client of an API server: JSON requests, lists page by page, watches line by line; all bounded in time and
 * size. It never tries again by itself, except once with fresh credentials and a list whose pages have expired.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { listAt, textAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { Access, Identity } from './access.ts';
import { type ApiAnswer, apiFault } from './api-fault.ts';
import { linesOf } from './lines.ts';

export interface ApiCall {
	/** As a Role writes it, with the subresource: `patch`, `deployments/scale`. */
	readonly verb: 'get' | 'list' | 'watch' | 'patch' | 'create';
	readonly resource: string;
	/** From the root, without a query: `/api/v1/namespaces/default/pods`. */
	readonly path: string;
	readonly query?: Readonly<Record<string, string>>;
	/** Of a `patch` or `create`. */
	readonly body?: object;
	/** How the body is meant; default `merge`. */
	readonly patch?: 'merge' | 'strategic-merge';
}

export interface ApiList {
	readonly items: readonly unknown[];
	/** From where on a watch goes on. */
	readonly version: string;
}

const METHODS: Partial<Record<ApiCall['verb'], string>> = { patch: 'PATCH', create: 'POST' };
const MOST_BYTES = 32 * 1024 * 1024;
const LIMIT_MS = 30_000;
/** A watch without a word for so long is given up; the server sends a bookmark about each minute. */
const QUIET_MS = 90_000;
const PAGE = 500;
const MOST_ITEMS = 5000;
/** A shorter one is no secret, and might stand anywhere. */
const LEAST_TOKEN = 8;

export class ApiClient {
	readonly access: Access;
	#agent: { readonly of: string; readonly agent: HttpAgent } | null = null;
	/** The one before it: what is under way over it goes on. */
	#last: HttpAgent | null = null;
	#closed = false;

	constructor(access: Access) {
		this.access = access;
	}

	/** @returns the body. @throws PlatformError */
	async call(call: ApiCall, signal: AbortSignal): Promise<unknown> {
		const answer = await this.answer(call, signal);
		if (answer.status < 200 || answer.status > 299) throw apiFault(answer, permissionOf(call));
		return answer.body;
	}

	/** Whatever the status is. @throws PlatformError when there is no answer */
	async answer(call: ApiCall, signal: AbortSignal): Promise<ApiAnswer> {
		const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
		return this.#translated(limit, async () => {
			const { response, token } = await this.#open(call, limit);
			return answerOf(response, token);
		});
	}

	/** All pages. @throws PlatformError */
	async list(call: ApiCall, signal: AbortSignal): Promise<ApiList> {
		for (let tries = 0; ; tries++) {
			const items: unknown[] = [];
			let next = '';
			do {
				const query = { ...call.query, limit: String(PAGE), ...(next === '' ? {} : { continue: next }) };
				const answer = await this.answer({ ...call, query }, signal);
				// The first page is too old for its next one by now.
				if (answer.status === 410 && next !== '' && tries < 2) break;
				if (answer.status !== 200) throw apiFault(answer, permissionOf(call));
				items.push(...listAt(answer.body, 'items'));
				if (items.length > MOST_ITEMS)
					throw new PlatformError('bad_request', `there are more than ${MOST_ITEMS} ${call.resource}`);
				next = textAt(answer.body, 'metadata', 'continue');
				if (next === '') return { items, version: textAt(answer.body, 'metadata', 'resourceVersion') };
			} while (!signal.aborted);
			if (signal.aborted) throw new PlatformError('unreachable', 'it is no longer asked');
		}
	}

	/** First `{ type: 'OPEN' }`, then each event of a watch, until the server ends it. @throws PlatformError; `busy` where it has expired (410) */
	async *watch(call: ApiCall, signal: AbortSignal): AsyncGenerator<unknown> {
		const own = new AbortController();
		const all = AbortSignal.any([signal, own.signal]);
		const quiet = setTimeout(() => own.abort(), LIMIT_MS);
		try {
			const { response, token } = await this.#translated(all, () => this.#open(call, all));
			if (response.statusCode !== 200) {
				const answer = await this.#translated(all, () => answerOf(response, token));
				throw apiFault(answer, permissionOf(call));
			}
			const heard = setInterval(() => {
				if (performance.now() - at > QUIET_MS) own.abort();
			}, 5000);
			clearTimeout(quiet);
			let at = performance.now();
			try {
				yield { type: 'OPEN' };
				for await (const line of linesOf(response)) {
					at = performance.now();
					yield JSON.parse(line);
				}
			} finally {
				clearInterval(heard);
				response.destroy();
			}
		} finally {
			clearTimeout(quiet);
		}
	}

	close(): void {
		this.#closed = true;
		this.#agent?.agent.destroy();
		this.#last?.destroy();
		this.#agent = null;
	}

	async #open(call: ApiCall, signal: AbortSignal): Promise<{ response: IncomingMessage; token: string | null }> {
		const identity = await this.access.identity(false, signal);
		const response = await this.#send(call, identity, signal);
		if (response.statusCode !== 401) return { response, token: identity.token };
		response.destroy();
		const fresh = await this.access.identity(true, signal);
		return { response: await this.#send(call, fresh, signal), token: fresh.token };
	}

	#send(call: ApiCall, identity: Identity, signal: AbortSignal): Promise<IncomingMessage> {
		if (this.#closed) throw new PlatformError('unreachable', 'it is no longer asked');
		const url = new URL(this.access.server + call.path);
		for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
		const text = call.body === undefined ? undefined : JSON.stringify(call.body);
		const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'ballast' };
		if (identity.token !== null) {
			if (!/^[\x21-\x7e]+$/.test(identity.token))
				throw new PlatformError('credentials', 'the token holds characters that no token has');
			headers['authorization'] = `Bearer ${identity.token}`;
		}
		const patch = `${call.patch ?? 'merge'}-patch+`;
		if (text !== undefined) headers['content-type'] = `application/${call.verb === 'create' ? '' : patch}json`;
		const method = METHODS[call.verb] ?? 'GET';
		const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
		const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
		const request = send(url, { method, headers, signal, agent: this.#agentFor(url, identity) }, resolve);
		request.on('error', reject);
		request.end(text);
		return promise;
	}

	/** Another one once we show another certificate. */
	#agentFor(url: URL, { cert, key }: Identity): HttpAgent {
		const of = `${cert}\n${key}`;
		if (this.#agent?.of === of) return this.#agent.agent;
		const { ca, serverName, verify } = this.access;
		const options: AgentOptions = { keepAlive: true, maxSockets: 16, timeout: 120_000, rejectUnauthorized: verify };
		if (ca !== null) options.ca = ca;
		if (serverName !== null) options.servername = serverName;
		if (cert !== null && key !== null) Object.assign(options, { cert, key });
		const agent = url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent({ keepAlive: true });
		this.#last?.destroy();
		this.#last = this.#agent?.agent ?? null;
		this.#agent = { of, agent };
		return agent;
	}

	async #translated<T>(limit: AbortSignal, work: () => Promise<T>): Promise<T> {
		try {
			return await work();
		} catch (error) {
			if (error instanceof PlatformError) throw error;
			const { origin } = new URL(this.access.server);
			const code = String((error as { code?: unknown }).code ?? 'broken off');
			if (limit.aborted) throw new PlatformError('unreachable', `${origin} did not answer in time`);
			// Whom to trust is part of the credentials, and read anew with them.
			if (/CERT|ISSUER|SIGNATURE|ALTNAME/.test(code))
				throw new PlatformError('credentials', `the certificate of ${origin} is not trusted (${code})`);
			throw new PlatformError('unreachable', `${origin} cannot be reached (${code})`);
		}
	}
}

const permissionOf = ({ verb, resource }: ApiCall) => `${verb} ${resource}`;

async function answerOf(response: IncomingMessage, token: string | null): Promise<ApiAnswer> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of response as AsyncIterable<Buffer>) {
		bytes += chunk.byteLength;
		if (bytes > MOST_BYTES)
			throw new PlatformError('unreachable', `an answer is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
		chunks.push(chunk);
	}
	const text = Buffer.concat(chunks).toString('utf8');
	const retryAfter = response.headers['retry-after'] ?? '';
	return {
		status: response.statusCode ?? 0,
		retryAfterS: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : null,
		// What the server says may be shown; should it repeat the token, that may not.
		body: parsed(token === null || token.length < LEAST_TOKEN ? text : text.replaceAll(token, '[token]')),
	};
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// A proxy in between answers with a page; its status says enough.
		return null;
	}
}
