import type { Refusal } from '../core/refusal.ts';
import { BODY_BAD, type BodyScan } from '../wire/body.ts';
import type { Input } from './input.ts';

/** Takes the body of a request in the place of an instance. */
export interface BodyIntake {
	/** It can take more now. Once it can again it says so by `client.upstreamDrained`. */
	readonly ready: boolean;
	/** Payload in the ranges that `scan` found, which is gone when this returns. `scan.done`: that was all. */
	take(source: Uint8Array, scan: BodyScan): void;
}

/** What of a request its body is read by. */
interface Received {
	readonly body: BodyScan;
	readonly route: { readonly bodyBytes: number } | null;
}

/** Reads what is at hand of a request's body; what is wrong with it, or null. */
export function scanBody({ body, route }: Received, input: Input): Refusal | null {
	const after = body.scan(input.buffer, input.at, input.end);
	if (after === BODY_BAD) return body.fault;
	input.at = after;
	return route !== null && body.received > route.bodyBytes ? 'body_too_large' : null;
}
