import { REST } from '../gateway/route-table.ts';
import type { AttemptPolicy } from '../jobs/attempt.ts';
import { attemptPolicy } from '../jobs/attempt-policy.ts';
import { OFFLOAD, type OffloadPolicy } from '../jobs/offload-policy.ts';
import type { JobsSettings } from './jobs-messages.ts';
import { isIdempotent, readStoredRequest, routeText } from './offload/stored-request.ts';
import { seriesKey } from './plan.ts';

/** Kinds of requests that are known at once: clients choose their methods. */
const KNOWN_MOST = 1000;

interface Known {
	policy: OffloadPolicy;
	attempt: AttemptPolicy;
}

/** By which policies jobs go: those of the route that made them, as it is now, or else of its service. */
export class JobPolicies {
	#routes = new Map<string, JobsSettings['policies'][number]>();
	/** By what a stored request says of its route and method: to read each of them would cost more than all else here. */
	readonly #known = new Map<string, Known>();
	#last: Uint8Array | null = null;
	#lastKnown: Known | null = null;

	configure(policies: JobsSettings['policies']): void {
		this.#routes = new Map(policies.map((one) => [seriesKey(one.service, one.route), one]));
		this.#known.clear();
		this.#last = null;
	}

	get all(): JobsSettings['policies'] {
		return [...this.#routes.values()];
	}

	/** Of a request as it is stored; of one that makes no jobs any more, as all do. @throws where it cannot be read */
	of(request: Uint8Array): OffloadPolicy {
		return this.#of(request).policy;
	}

	/** How its attempts go. @throws where it cannot be read */
	attempt(request: Uint8Array): AttemptPolicy {
		return this.#of(request).attempt;
	}

	#of(request: Uint8Array): Known {
		// A job is asked for several times in a row.
		if (request === this.#last && this.#lastKnown !== null) return this.#lastKnown;
		const text = routeText(request);
		const known = this.#known.get(text) ?? this.#read(request, text);
		this.#last = request;
		this.#lastKnown = known;
		return known;
	}

	#read(request: Uint8Array, text: string): Known {
		const { service, route, method } = readStoredRequest(request).notes;
		const found = this.#routes.get(seriesKey(service, route)) ?? this.#routes.get(seriesKey(service, REST));
		const policy = found?.policy ?? OFFLOAD;
		const attempt = attemptPolicy(policy, { idempotent: isIdempotent(method), attemptMs: found?.attemptMs ?? 0 });
		if (this.#known.size >= KNOWN_MOST) this.#known.clear();
		const known = { policy, attempt };
		this.#known.set(text, known);
		return known;
	}
}
