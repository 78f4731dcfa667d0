import { ShortLivedMap } from '../../core/short-lived-map.ts';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Route } from '../../gateway/route.ts';
import type { AttemptOrder, AttemptOutcome } from '../../jobs/attempt.ts';
import { type AttemptEnd, JobAttempt } from './job-attempt.ts';
import type { AttemptTaker } from './jobs-client.ts';
import type { OffloadParts } from './offload-parts.ts';

/** The attempts that a worker has under way, by token. */
export class JobAttempts implements AttemptTaker, AttemptEnd {
	readonly #plane: DataPlane;
	readonly #parts: OffloadParts;
	readonly #routeOf: (service: string, route: string) => Route | undefined;
	readonly #underWay = new ShortLivedMap<string, JobAttempt>();

	/** `routeOf`: as it is configured now; of a route that is gone, that of its service. */
	constructor(plane: DataPlane, parts: OffloadParts, routeOf: (service: string, route: string) => Route | undefined) {
		this.#plane = plane;
		this.#parts = parts;
		this.#routeOf = routeOf;
	}

	begin(order: AttemptOrder): void {
		try {
			const attempt = new JobAttempt(this.#plane, order, { parts: this.#parts, end: this });
			const route = this.#routeOf(attempt.service, attempt.routeName);
			if (route === undefined) {
				this.#parts.jobs.outcome(order.token, { kind: 'no_place', code: 'no_route' });
				return;
			}
			this.#underWay.set(order.token, attempt);
			attempt.start(route);
		} catch (error) {
			this.#plane.report(error);
			this.#plane.out.length = 0;
			this.#underWay.get(order.token)?.abort();
			this.#underWay.delete(order.token);
			this.#parts.jobs.outcome(order.token, { kind: 'failed', code: 'internal', began: true });
		}
	}

	ended({ order }: JobAttempt, outcome: AttemptOutcome): void {
		if (this.#underWay.delete(order.token)) this.#parts.jobs.outcome(order.token, outcome);
		// Aborted while its answer was being stored.
		else if (outcome.kind === 'answered' && outcome.body !== null && 'file' in outcome.body)
			void this.#parts.files.remove([outcome.body.file]).catch(() => {});
	}

	abort(token: string): void {
		const attempt = this.#underWay.get(token);
		this.#underWay.delete(token);
		attempt?.abort();
	}

	abandoned(): void {
		for (const token of [...this.#underWay.keys()]) this.abort(token);
	}
}
