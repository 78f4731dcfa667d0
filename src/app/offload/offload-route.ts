import type { ErrorCode } from '../../core/errors.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Offload } from '../../gateway/offload.ts';
import { problemOf } from '../../gateway/problem.ts';
import { cancelAfterMs, hashOf, idempotencyKey } from '../../jobs/idempotency.ts';
import { type OffloadPolicy, takesMethod } from '../../jobs/offload-policy.ts';
import { parsePrefer } from '../../jobs/prefer.ts';
import { ownerOf } from './job-owner.ts';
import { type OffloadParts, STORING_MOST } from './offload-parts.ts';
import { OffloadedRequest, type Wanted } from './offloaded-request.ts';

/** Which of a route's requests become jobs. */
export class OffloadRoute implements Offload<Exchange> {
	readonly policy: OffloadPolicy;
	readonly #parts: OffloadParts;

	constructor(parts: OffloadParts, policy: OffloadPolicy) {
		this.#parts = parts;
		this.policy = policy;
	}

	take(exchange: Exchange): boolean {
		const { policy } = this;
		if (exchange.mayUpgrade || !takesMethod(policy, exchange.method)) return true;
		const said = exchange.head.fields.list(exchange.buffer, 'prefer');
		if (said === undefined && policy.when === 'asked') return true;
		const preferences = parsePrefer(said ?? '');
		if (policy.when === 'asked' && !preferences.async) return true;
		const { asker } = exchange.cache;
		if (asker !== null) {
			// What is stored may be given in its place; if not, nobody is to wait for what this request will not bring.
			if (asker.refused('jobs_unavailable')) return false;
			exchange.cache.asker = null;
		}
		const wanted = this.#wanted(exchange, preferences.waitS ?? 0, preferences.async);
		if (typeof wanted === 'string') return refuse(exchange, wanted);
		if (exchange.framing.contentLength > policy.bodyMost) return refuse(exchange, 'body_too_large');
		if (this.#parts.storing >= STORING_MOST) return refuse(exchange, 'jobs_full');
		new OffloadedRequest(exchange, this.#parts, wanted).begin();
		return false;
	}

	/** What the request's fields say of its job; or why it can be none. */
	#wanted(exchange: Exchange, waitS: number, asked: boolean): Wanted | ErrorCode {
		const { policy } = this;
		const { route, buffer } = exchange;
		const { fields } = exchange.head;
		const given = fields.list(buffer, 'idempotency-key');
		if (given === undefined && policy.idempotency === 'required') return 'idempotency_key_missing';
		const key = given === undefined ? '' : idempotencyKey(given);
		if (key === null) return 'idempotency_key_missing';
		const after = fields.list(buffer, 'cancel-after');
		const cancelMs = after === undefined ? 0 : cancelAfterMs(after);
		if (cancelMs === undefined) return 'bad_request';
		const owner = ownerOf(exchange, policy.owner);
		const group = policy.group === null ? owner : (exchange.field(policy.group) ?? '').slice(0, 100);
		return {
			policy,
			owner,
			group,
			key,
			// Whose key it is: another owner's, or one of another route, is another one.
			record: key === '' ? '' : hashOf(owner, route?.service.name ?? '', route?.name ?? '', key),
			waitS,
			asked,
			cancelMs,
		};
	}
}

function refuse(exchange: Exchange, code: ErrorCode): false {
	exchange.failure = code;
	exchange.answerProblem(problemOf(code));
	return false;
}
