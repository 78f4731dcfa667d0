/**
 * A thin client of a platform's JSON API: bearer token, time limit, bounded answers, errors as `PlatformError`.
 * It never tries again by itself, except once with a fresh token.
 */

import { inert } from '../../core/inert.ts';
import { retryAfterMs } from '../../core/retry-after.ts';
import { PlatformError } from './platform-error.ts';

export interface TokenSource {
	/**
	 * A bearer token, kept until shortly before its end.
	 * @param fresh the last one was refused: get another
	 * @throws PlatformError `credentials`, or `bad_request` when nothing is there that could get one
	 */
	token(fresh: boolean): Promise<string>;
}

export interface RestRequest {
	readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
	/** Path and query on the endpoint, or a whole URL that the platform gave; one of another origin is refused. */
	readonly url: string;
	readonly body?: unknown;
}

export interface RestAnswer {
	readonly status: number;
	readonly headers: Headers;
	/** Parsed JSON; null when there is none. */
	readonly body: unknown;
}

export interface RestClientParts {
	/** `https://management.azure.com`; plain `http` only on this machine, since a token goes there. */
	readonly endpoint: string;
	readonly tokens: TokenSource;
	/** What an answer outside of 200…299 means. */
	readonly faultOf: (answer: RestAnswer) => PlatformError;
	/** Most time of one request, ms. */
	readonly limitMs?: number;
}

/** A scale set with 1,000 VMs and their views is about 4 MiB. */
const MAX_BYTES = 16 * 1024 * 1024;
const LIMIT_MS = 30_000;
const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_WORDS = 300;

export class RestClient {
	readonly #parts: RestClientParts;
	readonly #origin: string;
	readonly #base: string;

	constructor(parts: RestClientParts) {
		this.#parts = parts;
		const url = new URL(parts.endpoint);
		this.#origin = url.origin;
		this.#base = parts.endpoint.replace(/\/+$/, '');
	}

	/** @throws PlatformError */
	async call(request: RestRequest, signal: AbortSignal): Promise<RestAnswer> {
		const answer = await this.#once(request, { fresh: false, signal });
		const settled = answer.status === 401 ? await this.#once(request, { fresh: true, signal }) : answer;
		if (settled.status < 200 || settled.status > 299) throw this.#parts.faultOf(settled);
		return settled;
	}

	async #once(request: RestRequest, { fresh, signal }: { fresh: boolean; signal: AbortSignal }): Promise<RestAnswer> {
		const url = this.#urlOf(request.url);
		const token = await withAbort(this.#parts.tokens.token(fresh), signal);
		const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#parts.limitMs ?? LIMIT_MS)]);
		try {
			const response = await fetch(url, {
				method: request.method,
				redirect: 'error',
				signal: limit,
				headers: {
					authorization: `Bearer ${token}`,
					accept: 'application/json',
					...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
				},
				...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
			});
			const text = await readBounded(response);
			// What the platform says may be shown; should it repeat the token, that may not.
			return { status: response.status, headers: response.headers, body: parsed(text.replaceAll(token, '[token]')) };
		} catch (cause) {
			if (cause instanceof PlatformError) throw cause;
			throw new PlatformError(
				'unreachable',
				`${this.#origin} ${limit.aborted ? 'did not answer in time' : reasonOf(cause)}`,
			);
		}
	}

	#urlOf(url: string): string {
		if (url.startsWith('/')) return this.#base + url;
		if (URL.canParse(url) && new URL(url).origin === this.#origin) return url;
		throw new PlatformError(
			'bad_request',
			`the platform named an address outside of ${this.#origin}; the token is not sent there`,
		);
	}
}

/** `Retry-After` in ms, at most an hour; null: there is none. RFC 9110 §10.2.3. */
export function retryAfterOf(headers: Headers): number | null {
	const ms = retryAfterMs(headers.get('retry-after')?.trim());
	return ms === null ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** The platform's own words as they may be shown: one line, bounded. */
export function wordsOf(text: unknown): string {
	const line = inert(
		typeof text === 'string'
			? text
					.slice(0, MAX_WORDS * 2)
					.replace(/\s+/g, ' ')
					.trim()
			: '',
	);
	return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
}

/** An endpoint that a token may be sent to; a sentence when it is none. */
export function complainOfEndpoint(value: string): string | undefined {
	const expected = 'expected a URL such as https://management.example.com';
	if (!URL.canParse(value)) return expected;
	const { protocol, hostname, username, password, search, hash } = new URL(value);
	if (username !== '' || password !== '' || search !== '' || hash !== '')
		return `${expected}, without user, query and fragment`;
	const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
	if (protocol === 'https:' || (protocol === 'http:' && local)) return undefined;
	return `${expected}; plain http is for this machine only, since a token is sent`;
}

async function readBounded(response: Response): Promise<string> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of response.body ?? []) {
		bytes += chunk.byteLength;
		if (bytes > MAX_BYTES)
			throw new PlatformError('unreachable', `an answer is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
	if (text.trim() === '') return null;
	try {
		return JSON.parse(text);
	} catch {
		// A proxy in between answers with a page; its status says enough.
		return null;
	}
}

function reasonOf(cause: unknown): string {
	const inner = (cause as { cause?: { code?: unknown } } | null)?.cause;
	return typeof inner?.code === 'string' ? `cannot be reached (${inner.code})` : 'cannot be reached';
}

/** Libraries that get tokens take no signal. */
async function withAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	const { promise: aborted, reject } = Promise.withResolvers<never>();
	const abort = () => reject(new PlatformError('unreachable', 'no token came in time'));
	if (signal.aborted) abort();
	signal.addEventListener('abort', abort, { once: true });
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener('abort', abort);
		aborted.catch(() => {});
	}
}
