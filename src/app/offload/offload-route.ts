import type { ErrorCode } from '../../core/errors.ts';
import type { Exchange } from '../../gateway/exchange.ts';
import type { Offload } from '../../gateway/offload.ts';
import { explainedProblem, type Problem, problemOf } from '../../gateway/problem.ts';
import { cancelAfterMs, hashOf, idempotencyKey, KEY_FAULTS } from '../../jobs/idempotency.ts';
import { type OffloadPolicy, takesMethod } from '../../jobs/offload-policy.ts';
import { parsePrefer } from '../../jobs/prefer.ts';
import type { Told } from '../../jobs/webhooks/webhook-message.ts';
import { hostOf, REFUSALS, type WebhookRefusal } from '../../jobs/webhooks/webhook-rules.ts';
import { groupOf, ownerOf, tenantOf } from './job-owner.ts';
import { type OffloadParts, STORING_MOST } from './offload-parts.ts';
import { OffloadedRequest, type Wanted, WEBHOOK_FIELD } from './offloaded-request.ts';

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
		const hold = typeof policy.when === 'object' && !preferences.async ? policy.when : null;
		const { asker } = exchange.cache;
		if (asker !== null) {
			// What is stored may be given in its place; if not, nobody is to wait for what this request will not bring.
			if (asker.refused('jobs_unavailable')) return false;
			exchange.cache.asker = null;
		}
		const webhook = this.#webhook(exchange);
		if (webhook !== null && 'refused' in webhook) {
			const { refused: reason } = webhook;
			return answer(
				exchange,
				'webhook_refused',
				explainedProblem('webhook_refused', { reason, detail: REFUSALS[reason] }),
			);
		}
		const key = this.#key(exchange);
		if (key === null) return refuse(exchange, 'idempotency_key_missing');
		if ('fault' in key) {
			const why = { reason: key.fault, detail: KEY_FAULTS[key.fault] };
			return answer(exchange, 'idempotency_key_malformed', explainedProblem('idempotency_key_malformed', why));
		}
		const waitS = hold === null ? (preferences.waitS ?? 0) : 0;
		const asked = { waitS, hold, asked: preferences.async, webhook, key: key.key };
		const wanted = this.#wanted(exchange, asked);
		if (typeof wanted === 'string') return refuse(exchange, wanted);
		if (exchange.framing.contentLength > policy.bodyMost) return refuse(exchange, 'body_too_large');
		if (this.#parts.storing >= STORING_MOST) return refuse(exchange, 'jobs_full');
		new OffloadedRequest(exchange, this.#parts, wanted).begin();
		return false;
	}

	/** Who is told of the job's end. */
	#webhook(exchange: Exchange): Told | { refused: WebhookRefusal } | null {
		const { webhook } = this.policy;
		const { webhooks } = this.#parts;
		if (webhook === null || webhooks === null) return null;
		const said = webhook.asked ? exchange.head.fields.list(exchange.buffer, WEBHOOK_FIELD) : undefined;
		if (said === undefined) return webhook.url === null ? null : { url: webhook.url, asked: false };
		const judged = webhooks.judge.url(said);
		if (!(judged instanceof URL)) return { refused: judged };
		return webhooks.signs(hostOf(judged)) ? { url: judged.href, asked: true } : { refused: 'no_secret' };
	}

	/** Its client's key, '' for none; null: there must be one. */
	#key({ head, buffer }: Exchange): ReturnType<typeof idempotencyKey> | null {
		const given = head.fields.list(buffer, 'idempotency-key');
		if (given !== undefined) return idempotencyKey(given);
		return this.policy.idempotency === 'required' ? null : { key: '' };
	}

	/** What the request's fields say of its job; or why it can be none. */
	#wanted(exchange: Exchange, asked: Pick<Wanted, 'waitS' | 'hold' | 'asked' | 'webhook' | 'key'>): Wanted | ErrorCode {
		const { policy } = this;
		const { route, buffer } = exchange;
		const { fields } = exchange.head;
		const { key } = asked;
		const after = fields.list(buffer, 'cancel-after');
		const cancelMs = after === undefined ? 0 : cancelAfterMs(after);
		if (cancelMs === undefined) return 'bad_request';
		const owner = ownerOf(exchange, policy.owner);
		return {
			policy,
			owner,
			group: groupOf(exchange, policy, owner),
			tenant: policy.spend === null ? '' : tenantOf(exchange, policy, owner),
			// Whose key it is: another owner's, or one of another route, is another one.
			record: key === '' ? '' : hashOf(owner, route?.service.name ?? '', route?.name ?? '', key),
			...asked,
			cancelMs,
		};
	}
}

const refuse = (exchange: Exchange, code: ErrorCode): false => answer(exchange, code, problemOf(code));

function answer(exchange: Exchange, code: ErrorCode, problem: Problem): false {
	exchange.failure = code;
	exchange.answerProblem(problem);
	return false;
}
