import { BallastError, type ErrorCode } from '../../core/errors.ts';
import type { AnswerSource } from '../../gateway/answer-source.ts';
import type { BodyIntake } from '../../gateway/body-intake.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { OwnPages } from '../../gateway/offload.ts';
import { problemOf } from '../../gateway/problem.ts';
import type { WebhookPolicy } from '../../jobs/external/external-policy.ts';
import type { BodyScan } from '../../wire/body.ts';
import { text } from '../../wire/head.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import { LaterTurns } from './later-turns.ts';
import type { OffloadParts } from './offload-parts.ts';

/** Longest body of a webhook, bytes. */
const BODY_MOST = 256 * 1024;
/** Webhooks of a worker that are under way at once. */
const UNDER_WAY_MOST = 64;
const METHODS = 'Allow: POST, OPTIONS\r\n';

/** Where upstreams tell of the ends of jobs. What is none of these goes on to the next pages. */
export class WebhookPages implements OwnPages<Exchange> {
	readonly #parts: OffloadParts;
	readonly #next: OwnPages<Exchange>;
	/** Of each path, the fields that count. */
	readonly #fields = new Map<string, string[]>();
	readonly #longest: number;
	readonly #room = { taken: 0 };

	constructor(parts: OffloadParts, policies: readonly WebhookPolicy[], next: OwnPages<Exchange>) {
		this.#parts = parts;
		this.#next = next;
		for (const { path, signature, eventId } of policies)
			this.#fields.set(
				path,
				[signature?.header, signature?.timestamp?.header, eventId].filter((name) => typeof name === 'string'),
			);
		this.#longest = Math.max(0, ...policies.map(({ path }) => path.length));
	}

	pass(exchange: Exchange): boolean {
		const { buffer, pathStart, pathEnd, method } = exchange;
		if (pathEnd - pathStart > this.#longest) return this.#next.pass(exchange);
		const path = text(buffer, pathStart, pathEnd);
		const fields = this.#fields.get(path);
		if (fields === undefined) return this.#next.pass(exchange);
		// Who registers a webhook may wait for this no longer than a second.
		if (method === 'OPTIONS') answer(exchange, METHODS);
		else if (method !== 'POST') refuse(exchange, 'method_not_allowed', METHODS);
		else if (this.#room.taken >= UNDER_WAY_MOST) refuse(exchange, 'jobs_full');
		else new WebhookPage(exchange, this.#parts, this.#room).begin(path, fields);
		return false;
	}
}

function answer(exchange: Exchange, lines = ''): void {
	exchange.answerLocally(204, Buffer.from(`HTTP/1.1 204 No Content\r\n${lines}`, 'latin1'), Buffer.alloc(0));
}

function refuse(exchange: Exchange, code: ErrorCode, lines = ''): void {
	exchange.failure = code;
	exchange.answerProblem(problemOf(code, lines));
}

/** One webhook: its body is read, and handed to the jobs thread. */
class WebhookPage implements AnswerSource, BodyIntake {
	readonly #exchange: Exchange;
	readonly #later: LaterTurns;
	readonly #parts: OffloadParts;
	readonly #room: { taken: number };
	readonly #body = new GatheredBytes();
	#path = '';
	#fields: Record<string, string> = {};
	readonly ready = true;

	constructor(exchange: Exchange, parts: OffloadParts, room: { taken: number }) {
		this.#exchange = exchange;
		this.#later = new LaterTurns(exchange);
		this.#parts = parts;
		this.#room = room;
	}

	begin(path: string, fields: readonly string[]): void {
		const exchange = this.#exchange;
		this.#path = path;
		this.#room.taken++;
		exchange.source = this;
		for (const name of fields) {
			const value = exchange.field(name);
			if (value !== undefined) this.#fields[name] = value;
		}
		if (exchange.framing.contentLength > BODY_MOST) this.#refuse('body_too_large');
		else if (exchange.body.done) this.#whole();
		else exchange.intake = this;
	}

	take(source: Uint8Array, scan: BodyScan): void {
		if (this.#later.over) return;
		if (scan.received > BODY_MOST) {
			this.#refuse('body_too_large');
			return;
		}
		for (let i = 0; i < scan.rangeCount; i++)
			this.#body.add(source, scan.ranges[2 * i] as number, scan.ranges[2 * i + 1] as number);
		if (scan.done) this.#whole();
	}

	#whole(): void {
		this.#exchange.client.arm(0, 0);
		this.#parts.jobs.ask('webhook', this.#path, this.#fields, this.#body.take()).then(
			(verdict) =>
				this.#later.run(() => {
					if (verdict === 'unverified') this.#refuse('webhook_unverified');
					else if (verdict === 'unreadable') this.#refuse('bad_request');
					else {
						this.#end();
						answer(this.#exchange);
					}
				}),
			(error: unknown) =>
				this.#later.run(() => this.#refuse(error instanceof BallastError ? error.code : 'jobs_unavailable')),
		);
	}

	#refuse(code: ErrorCode): void {
		this.#end();
		refuse(this.#exchange, code);
	}

	#end(): void {
		this.#later.over = true;
		this.#room.taken--;
		this.#exchange.source = null;
		this.#exchange.intake = null;
	}

	resume(): void {}

	cancel(): void {
		if (!this.#later.over) this.#end();
	}
}
