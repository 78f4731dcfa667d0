import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { retryAfterMs as askedMs } from '../core/retry-after.ts';
import { EXPORT_ANSWER, RPC_STATUS } from './common-messages.ts';
import { decode } from './decode.ts';
import type { Destination, Signal } from './destination.ts';

/** What became of one body. */
export type Sent =
	/** `rejected`: things of it that the receiver did not take, and will not. */
	| { kind: 'taken'; rejected: number; reason: string }
	/** Not now; `afterMs`: no sooner than that. */
	| { kind: 'later'; afterMs: number; reason: string }
	/** Not this, whenever it is sent. */
	| { kind: 'refused'; reason: string };

/** Statuses after which the same body may be sent again (OTLP/HTTP, "Retryable Response Codes"). */
const RETRYABLE = new Set([429, 502, 503, 504]);
const MOST_ANSWER = 65_536;
const MOST_WAIT_MS = 300_000;

const compress = promisify(gzip);

/** Sends one body. No secret comes back in a reason, also where the receiver repeats it. */
export async function sendBody(destination: Destination, signal: Signal, body: Buffer): Promise<Sent> {
	const url = destination.urls[signal];
	if (url === undefined) return { kind: 'refused', reason: `${destination.name} takes no ${signal}` };
	try {
		const response = await fetch(url, {
			method: 'POST',
			headers: {
				'user-agent': 'ballast',
				...destination.headers,
				'content-type': 'application/x-protobuf',
				'content-encoding': 'gzip',
			},
			body: new Uint8Array(await compress(body, { level: 1 })),
			// A redirect would take the key to wherever it says.
			redirect: 'manual',
			signal: AbortSignal.timeout(destination.timeoutMs),
		});
		const answer = await readAnswer(response);
		const sent = judge(response, answer);
		return { ...sent, reason: withoutSecrets(sent.reason, destination) };
	} catch (error) {
		return { kind: 'later', afterMs: 0, reason: causeOf(error) };
	}
}

/** Bounded; empty when it is longer. */
async function readAnswer(response: Response): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	let length = 0;
	for await (const part of response.body ?? []) {
		length += part.length;
		if (length > MOST_ANSWER) return Buffer.alloc(0);
		parts.push(part);
	}
	return Buffer.concat(parts);
}

function judge(response: Response, answer: Buffer): Sent {
	const { status, headers } = response;
	const protobuf = headers.get('content-type')?.startsWith('application/x-protobuf') === true;
	if (status >= 200 && status < 300) {
		const partial = protobuf ? tried(() => decode(EXPORT_ANSWER, answer).partialSuccess) : undefined;
		return { kind: 'taken', rejected: Math.max(0, partial?.rejected ?? 0), reason: partial?.errorMessage ?? '' };
	}
	const said = protobuf ? tried(() => decode(RPC_STATUS, answer).message) : undefined;
	const reason = `answered ${status}${said === undefined || said === '' ? '' : `: ${said}`}`;
	if (RETRYABLE.has(status)) return { kind: 'later', afterMs: retryAfterMs(headers.get('retry-after')), reason };
	return { kind: 'refused', reason };
}

function withoutSecrets(text: string, { headers }: Destination): string {
	let shown = text;
	for (const value of Object.values(headers)) if (value.length > 3) shown = shown.replaceAll(value, '…');
	return shown.slice(0, 300);
}

function tried<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}

/** `Retry-After`, bounded; 0: not said, or not understood. */
export function retryAfterMs(value: string | null, nowMs: number = Date.now()): number {
	return Math.min(MOST_WAIT_MS, Math.max(0, askedMs(value, nowMs) ?? 0));
}

function causeOf(error: unknown): string {
	if ((error as Error).name === 'TimeoutError') return 'did not answer in time';
	const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
	return typeof code === 'string' ? `could not be reached: ${code}` : 'could not be reached';
}
