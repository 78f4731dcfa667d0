import { REST } from '../gateway/route-table.ts';
import type { AttemptPolicy } from '../jobs/attempt.ts';
import { attemptPolicy } from '../jobs/attempt-policy.ts';
import { OFFLOAD, type OffloadPolicy } from '../jobs/offload-policy.ts';
import type { JobsSettings } from './jobs-messages.ts';
import { hasNotes, isIdempotent, readStoredRequest, routeNotes } from './offload/stored-request.ts';
import { seriesKey } from './plan.ts';

/** Kinds of requests that are known at once: clients choose their methods. */
const KNOWN_MOST = 1000;

interface Known {
	/** How the notes of such a request begin. */
	notes: Buffer;
	policy: OffloadPolicy;
	attempt: AttemptPolicy;
}

/** By which policies jobs go: those of the route that made them, as it is now, or else of its service. */
export class JobPolicies {
	#routes = new Map<string, JobsSettings['policies'][number]>();
	/** By what a stored request says of its route and method: to read each of them would cost more than all else here. */
	readonly #known = new Map<string, Known>();
	#lastKnown: Known | null = null;

	configure(policies: JobsSettings['policies']): void {
		this.#routes = new Map(policies.map((one) => [seriesKey(one.service, one.route), one]));
		this.#known.clear();
		this.#lastKnown = null;
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
		// Most are as the one before.
		if (this.#lastKnown !== null && hasNotes(request, this.#lastKnown.notes)) return this.#lastKnown;
		const notes = routeNotes(request);
		const text = notes.toString('latin1');
		const known = this.#known.get(text) ?? this.#read(request, Buffer.from(notes));
		if (this.#known.size >= KNOWN_MOST) this.#known.clear();
		this.#known.set(text, known);
		this.#lastKnown = known;
		return known;
	}

	#read(request: Uint8Array, notes: Buffer): Known {
		const { service, route, method } = readStoredRequest(request).notes;
		const found = this.#routes.get(seriesKey(service, route)) ?? this.#routes.get(seriesKey(service, REST));
		const policy = found?.policy ?? OFFLOAD;
		const idempotent = isIdempotent(method);
		return { notes, policy, attempt: attemptPolicy(policy, { idempotent, attemptMs: found?.attemptMs ?? 0 }) };
	}
}
