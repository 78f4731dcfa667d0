import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { PurgeAnswer } from '../cdn/purger.ts';
import { BallastError } from '../core/errors.ts';

/** What `POST /purge` is answered by. */
export interface PurgeView {
	/** Who may; null: nobody. */
	readonly token: string | null;
	/** @throws BallastError as `Purging.purge` does */
	purge(input: unknown): Promise<PurgeAnswer>;
}

export interface PurgePage {
	status: number;
	body: unknown;
	headers?: Record<string, string>;
	/** The rest of what the client sends is not read. */
	close?: boolean;
}

/** Most bytes of the request. */
const MOST_BYTES = 1_048_576;

/** Answers `POST /purge`; who has no authority learns nothing, and his body is not read. */
export async function purgePage(request: IncomingMessage, view: PurgeView): Promise<PurgePage> {
	const { token } = view;
	if (token === null) return problem(404, 'Purging by HTTP is off: it needs `purge: { token }`', { close: true });
	if (!isAllowed(request.headers.authorization, token))
		return problem(401, 'This needs the token of `purge`', { close: true, headers: { 'www-authenticate': 'Bearer' } });
	if (request.method !== 'POST') return problem(405, 'Purge with POST', { headers: { allow: 'POST' } });
	const text = await bodyOf(request);
	if (text === null) return problem(413, `At most ${MOST_BYTES} bytes`, { close: true });
	let input: unknown;
	try {
		input = JSON.parse(text);
	} catch {
		return problem(400, 'The body is no JSON');
	}
	try {
		return pageOf(await view.purge(input));
	} catch (error) {
		if (!(error instanceof BallastError)) throw error;
		if (error.code === 'bad_command') return problem(400, error.message);
		return problem(error.code === 'command_failed' ? 404 : 500, error.message);
	}
}

/** 404: nothing matched, and nobody was told. 202: some target, or other nodes, did not take it yet. 502: one never will. */
function pageOf(answer: PurgeAnswer): PurgePage {
	const { cache, targets } = answer;
	if (targets.length === 0 && cache?.nodes === undefined) {
		if (cache !== null && cache.removed > 0) return { status: 200, body: answer };
		return problem(404, cache === null ? 'No cache is configured' : 'Nothing matched', {}, answer);
	}
	if (targets.some(({ state }) => state === 'lost')) return problem(502, 'A target did not take it', {}, answer);
	const waits = cache?.nodes === 'waiting' || targets.some(({ state }) => state === 'waiting');
	return { status: waits ? 202 : 200, body: answer };
}

function problem(status: number, title: string, more: Partial<PurgePage> = {}, answer?: PurgeAnswer): PurgePage {
	return { status, body: { type: 'about:blank', title, status, ...answer }, ...more };
}

/** In the same time whatever was sent: both are hashed, so that not even the length shows. */
function isAllowed(authorization: string | undefined, token: string): boolean {
	const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
	const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
	return timingSafeEqual(hash(given), hash(token)) && given !== '';
}

/** null: it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
	if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) return null;
	const parts: Buffer[] = [];
	let bytes = 0;
	for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
		bytes += part.length;
		if (bytes > MOST_BYTES) return null;
		parts.push(part);
	}
	return Buffer.concat(parts).toString();
}
