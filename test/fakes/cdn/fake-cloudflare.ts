/**
 * Cloudflare's purge of a zone, as it is documented:
 *
 * - https://developers.cloudflare.com/api/resources/cache/methods/purge/ and the types of the npm package `cloudflare`
 *   7.3.0 (resources/cache/cache.d.ts; with 120 MB too large to be installed for this): `POST
 *   /client/v4/zones/{zone_id}/purge_cache` deletes, `…/invalidate_cache` marks as stale. The body has one of `files`
 *   (whole URLs), `tags`, `hosts`, `prefixes` (host and path, without scheme, query and fragment) or
 *   `purge_everything: true`, "the only field in the request". Answered with `{ success, errors, messages, result: { id } }`.
 * - https://developers.cloudflare.com/cache/how-to/purge-cache/#availability-and-limits: at most 100 operations a
 *   request; a bucket of tokens (Free: 25, filled by 5 a minute), 429 when it is empty.
 * - https://developers.cloudflare.com/cache/how-to/purge-cache/purge_by_prefix/: at most 30 prefixes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const ZONE = '023e105f4ecef8ad9ca31a8372d0c353';
const MOST: Readonly<Record<string, number>> = { files: 100, tags: 100, hosts: 100, prefixes: 30 };

interface Cached {
	url: string;
	tags: readonly string[];
	stale: boolean;
}

type Reply = [status: number, errors: readonly { code: number; message: string }[], headers?: Record<string, string>];

const refusal = (status: number, code: number, message: string): Reply => [status, [{ code, message }]];
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export class FakeCloudflare {
	/** What the zone keeps. */
	cached: Cached[] = [];
	/** What did not fit the documented calls; a test looks that there is nothing. */
	readonly violations: string[] = [];
	readonly calls: { path: string; body: Record<string, unknown>; status: number }[] = [];
	/** Calls that are still allowed. */
	tokens: number = Number.POSITIVE_INFINITY;
	/** The next calls get these instead. */
	readonly faults: ('reset' | 500 | 429 | 'silent' | 'unsuccessful')[] = [];
	token = 'a-token-of-the-fake';
	/** Only URLs of this host are of the zone. */
	host = 'www.example.com';
	readonly #server: Server;

	private constructor(server: Server) {
		this.#server = server;
	}

	static async start(): Promise<FakeCloudflare> {
		const server = createServer();
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		const fake = new FakeCloudflare(server);
		server.on('request', (request, response) => void fake.#serve(request, response));
		return fake;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/client/v4`;
	}

	keep(url: string, ...tags: string[]): void {
		this.cached.push({ url, tags, stale: false });
	}

	/** URLs that a client would still get, fresh. */
	get fresh(): string[] {
		return this.cached.filter(({ stale }) => !stale).map(({ url }) => url);
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const text = await bodyOf(request);
		const fault = this.faults.shift();
		if (fault === 'silent') return;
		if (fault === 'reset') return void request.socket.destroy();
		const path = request.url ?? '';
		const body = this.#parse(request, text);
		const [status, errors, headers] = this.#reply(fault, request, body);
		this.calls.push({ path, body, status });
		const success = status === 200 && errors.length === 0;
		response.writeHead(status, { 'content-type': 'application/json', ...headers });
		response.end(JSON.stringify({ success, errors, messages: [], result: success ? { id: ZONE } : null }));
	}

	#parse(request: IncomingMessage, text: string): Record<string, unknown> {
		if (request.headers['content-type'] !== 'application/json') this.#violation('the body is not said to be JSON');
		try {
			const body = JSON.parse(text) as unknown;
			if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
		} catch {
			// Said below.
		}
		this.#violation(`the body is no JSON object: ${text.slice(0, 100)}`);
		return {};
	}

	#violation(text: string): void {
		this.violations.push(text);
	}

	#reply(fault: unknown, request: IncomingMessage, body: Record<string, unknown>): Reply {
		if (fault === 500) return refusal(500, 1000, 'internal error');
		if (fault === 'unsuccessful') return refusal(200, 1234, 'not now');
		if (fault === 429 || this.tokens < 1) {
			return [429, [{ code: 10429, message: 'Rate limited' }], { 'retry-after': '1' }];
		}
		this.tokens--;
		if (request.method !== 'POST') this.#violation(`method ${request.method}`);
		const [, zone, what] =
			/^\/client\/v4\/zones\/([^/]+)\/(purge_cache|invalidate_cache)$/.exec(request.url ?? '') ?? [];
		if (what === undefined) {
			this.#violation(`there is no ${request.url}`);
			return refusal(404, 7000, 'No route for that URI');
		}
		if (request.headers.authorization !== `Bearer ${this.token}`) return refusal(403, 10000, 'Authentication error');
		if (zone !== ZONE) return refusal(404, 7003, `Could not route to /zones/${zone}`);
		const complaint = complainOf(body);
		if (complaint !== null) {
			this.#violation(complaint);
			return refusal(400, 1012, complaint);
		}
		const foreign = this.#foreign(body);
		if (foreign !== undefined) return refusal(400, 1092, `Invalid URL: ${foreign} is not of this zone`);
		this.#carryOut(body, what === 'invalidate_cache');
		return [200, []];
	}

	#foreign(body: Record<string, unknown>): string | undefined {
		return (body['files'] as string[] | undefined)?.find((url) => new URL(url).hostname !== this.host);
	}

	#carryOut(body: Record<string, unknown>, soft: boolean): void {
		const has = (key: string): string[] => (body[key] as string[] | undefined) ?? [];
		const meant = ({ url, tags }: Cached): boolean => {
			const bare = url.replace(/^https?:\/\//, '');
			return (
				body['purge_everything'] === true ||
				has('files').includes(url) ||
				has('tags').some((tag) => tags.some((own) => own.toLowerCase() === tag.toLowerCase())) ||
				has('hosts').includes(new URL(url).hostname) ||
				has('prefixes').some((prefix) => bare.startsWith(prefix))
			);
		};
		if (soft) for (const one of this.cached) one.stale ||= meant(one);
		else this.cached = this.cached.filter((one) => !meant(one));
	}
}

/** What the documentation does not allow of a body; null: nothing. */
function complainOf(body: Record<string, unknown>): string | null {
	const keys = Object.keys(body);
	const [key = ''] = keys;
	if (keys.length !== 1) return `one field is expected, not ${keys.join(', ') || 'none'}`;
	const value = body[key];
	if (key === 'purge_everything') return value === true ? null : 'purge_everything is true';
	const most = MOST[key];
	if (most === undefined) return `there is no ${key}`;
	if (!Array.isArray(value) || value.length === 0 || !value.every(isText)) return `${key} is a list of texts`;
	if (value.length > most) return `${value.length} ${key}, and ${most} are the most`;
	const valid: Record<string, RegExp> = {
		files: /^https?:\/\/[^/]+\//,
		tags: /^[\x21-\x7e]{1,1024}$/,
		hosts: /^[^/:?#]+$/,
		prefixes: /^(?!https?:)[^/?#]+\/[^?#]+$/,
	};
	const wrong = value.find((one: string) => !valid[key]?.test(one));
	return wrong === undefined ? null : `${wrong} is none of ${key}`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	const parts: Buffer[] = [];
	for await (const part of request) parts.push(part as Buffer);
	return Buffer.concat(parts).toString();
}
