/** Sends one request and says how it ended. */
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Answer, Plan } from './traffic.ts';

/**
 * How a request can fail: nobody listens (`refused`), the connection ends before an answer (`reset`; on a connection
 * used before, `resetReused`) or within one (`cut`), it takes too long (`timeout`), another status than one of the
 * right ones (`status503`, …), a wrong answer (`wrong`), or anything else, by the system's code (`EADDRNOTAVAIL`).
 */
export type FailureKind = string;

export type Outcome =
	| { kind: 'ok'; status: number; ms: number }
	| { kind: 'unfinished' }
	| { kind: 'failed'; failure: FailureKind; detail: string };

export interface SendOptions {
	url: URL;
	/** A pool to keep connections in, or false for a new connection. */
	agent: Agent | false;
	/** Most time for the whole, ms. */
	timeoutMs: number;
	/** Breaks it off: `unfinished`. */
	signal: AbortSignal;
}

export async function send(plan: Plan, options: SendOptions): Promise<Outcome> {
	const begin = performance.now();
	const timeout = AbortSignal.timeout(options.timeoutMs);
	const state: { sent?: ClientRequest; answering: boolean } = { answering: false };
	try {
		const answer = await exchange(plan, options, { state, signal: AbortSignal.any([options.signal, timeout]) });
		const ms = performance.now() - begin;
		const { status } = answer;
		if (!plan.accept.includes(status)) {
			return { kind: 'failed', failure: `status${status}`, detail: answer.body.toString().slice(0, 200) };
		}
		const wrong = status < 400 ? plan.check(answer) : null;
		return wrong === null ? { kind: 'ok', status, ms } : { kind: 'failed', failure: 'wrong', detail: wrong };
	} catch (error) {
		if (options.signal.aborted) return { kind: 'unfinished' };
		const detail = error instanceof Error ? error.message : String(error);
		if (timeout.aborted) return { kind: 'failed', failure: 'timeout', detail: `not within ${options.timeoutMs} ms` };
		const code = error instanceof Error && 'code' in error ? String(error.code) : 'other';
		return { kind: 'failed', failure: state.answering ? 'cut' : failureOf(code, state.sent), detail };
	}
}

interface Exchange {
	state: { sent?: ClientRequest; answering: boolean };
	signal: AbortSignal;
}

function exchange(plan: Plan, { url, agent }: SendOptions, { state, signal }: Exchange): Promise<Answer> {
	const { hostname, port } = url;
	const { method, path, body } = plan;
	const headers = { ...plan.headers, ...(body && { 'content-length': body.length }) };
	return new Promise((resolve, reject) => {
		const sent = request({ hostname, port, method, path, headers, agent, signal });
		state.sent = sent;
		sent.on('error', reject);
		sent.on('response', (response) => {
			state.answering = true;
			read(response).then(
				(bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes }),
				reject,
			);
		});
		sent.end(body ?? undefined);
	});
}

/** Fails when the answer ends before it is complete. */
async function read(response: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
	return Buffer.concat(chunks);
}

function failureOf(code: string, sent: ClientRequest | undefined): FailureKind {
	if (code === 'ECONNREFUSED') return 'refused';
	if (code === 'ECONNRESET' || code === 'EPIPE') return sent?.reusedSocket ? 'resetReused' : 'reset';
	return code;
}
