import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import { Deployments } from './deployments.ts';
import type { OverloadControl } from './overload-control.ts';
import type { Plan } from './plan.ts';
import { type PlanIndexes, planOf, samePools } from './plan-of.ts';

/** Who serves by it. */
interface Serving {
	/** Resolves to what is wrong with it, or ''. */
	prepare(plan: Plan): Promise<string>;
	abort(generation: number): void;
	commit(plan: Plan): Promise<void>;
}

/** What the workers serve by: the configuration, and what was deployed beside it. */
export class ServedPlan {
	readonly deployments = new Deployments();
	plan!: Plan;
	readonly #workers: Serving;
	readonly #indexes: PlanIndexes;
	readonly #overload: Pick<OverloadControl, 'adopt'>;

	constructor(workers: Serving, indexes: Omit<PlanIndexes, 'next'>, overload: Pick<OverloadControl, 'adopt'>) {
		this.#workers = workers;
		this.#overload = overload;
		this.#indexes = { ...indexes, next: (service) => this.deployments.release(service)?.pool ?? null };
	}

	get jobs(): PlanIndexes['jobs'] {
		return this.#indexes.jobs;
	}

	/** The first plan, with which the workers start. Gives what is to run. */
	begin(config: Config): Config {
		const shaped = this.deployments.effective(config);
		this.plan = planOf(shaped, 1, this.#indexes);
		this.#indexes.rateLimits.adopt(this.plan);
		this.#overload.adopt(this.plan.services);
		this.jobs.adopt(this.plan);
		return shaped;
	}

	/** `swap` for a configuration, which may make void what was deployed; `told`: a sentence for each. */
	async reload(config: Config, committed: () => void): Promise<{ shaped: Config; told: string[] }> {
		const kept = this.deployments.snapshot();
		const told = this.deployments.settle(config);
		try {
			return { shaped: await this.swap(config, committed), told };
		} catch (error) {
			this.deployments.load(kept);
			throw error;
		}
	}

	/**
	 * Has the workers serve by another configuration, if need be; `committed` is called once none
	 * objects. Gives what is to run. @throws BallastError `config_invalid`: everything is as it was
	 */
	async swap(config: Config, committed: (() => void) | null): Promise<Config> {
		const shaped = this.deployments.effective(config);
		if (committed === null && samePools(shaped, this.plan)) return shaped;
		const plan = planOf(shaped, this.plan.generation + 1, this.#indexes);
		const fault = await this.#workers.prepare(plan);
		if (fault !== '') {
			this.#workers.abort(plan.generation);
			throw new BallastError('config_invalid', `a worker cannot serve by it: ${fault}`);
		}
		committed?.();
		this.plan = plan;
		// Before the workers ask for them.
		this.#overload.adopt(plan.services);
		await this.#workers.commit(plan);
		this.#indexes.rateLimits.adopt(plan);
		this.jobs.adopt(plan);
		return shaped;
	}
}
