/** Target groups of a load balancer: their word on health, and who is registered where the group does not do it. */
import type { TargetDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CallAws } from './actions.ts';

/** Targets that one call takes. */
const BATCH = 100;

export class TargetGroups {
	readonly #call: CallAws;
	readonly #arns: readonly string[];
	readonly #port: number;
	/** By ARN: state of each registered target. */
	#states: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map();

	constructor(call: CallAws, { targetGroups, port }: { targetGroups: readonly string[]; port: number }) {
		this.#call = call;
		this.#arns = targetGroups;
		this.#port = port;
	}

	/** @throws PlatformError */
	async look(signal: AbortSignal): Promise<void> {
		const read = async (TargetGroupArn: string) => {
			const { TargetHealthDescriptions: all = [] } = await this.#call(
				'elasticloadbalancing:DescribeTargetHealth',
				{ TargetGroupArn },
				signal,
			);
			const states = all.map(({ Target, TargetHealth }) => [Target?.Id ?? '', TargetHealth?.State ?? ''] as const);
			return [TargetGroupArn, new Map(states)] as const;
		};
		this.#states = new Map(await Promise.all(this.#arns.map(read)));
	}

	/** Healthy in all of them; null: they say nothing of it. */
	healthy(id: string): boolean | null {
		const states = this.#arns.map((arn) => this.#states.get(arn)?.get(id)).filter((state) => state !== undefined);
		// `unused`: the load balancer has no rule or zone for it. `unavailable`: health checks are off.
		const said = states.filter((state) => state !== 'unused' && state !== 'unavailable');
		return said.length === 0 ? null : said.every((state) => state === 'healthy');
	}

	/** Whether it still takes requests that came by a load balancer, or finishes them. */
	holds(id: string): boolean {
		return this.#arns.some((arn) => this.#states.get(arn)?.has(id));
	}

	/**
	 * Registers who is missing and deregisters who leaves, in those that the group is not itself attached to.
	 * @param attached ARNs that the group cares for by itself
	 * @throws PlatformError
	 */
	async settle(
		{
			staying,
			leaving,
			attached,
		}: { staying: readonly string[]; leaving: readonly string[]; attached: readonly string[] },
		signal: AbortSignal,
	): Promise<void> {
		for (const arn of this.#arns) {
			if (attached.includes(arn)) continue;
			const states = this.#states.get(arn);
			const missing = staying.filter((id) => !states?.has(id));
			const ending = leaving.filter((id) => states?.has(id) && states.get(id) !== 'draining');
			for (const Targets of this.#batches(missing))
				await this.#call('elasticloadbalancing:RegisterTargets', { TargetGroupArn: arn, Targets }, signal);
			for (const Targets of this.#batches(ending))
				await this.#call('elasticloadbalancing:DeregisterTargets', { TargetGroupArn: arn, Targets }, signal);
		}
	}

	#batches(ids: readonly string[]): TargetDescription[][] {
		const batches: TargetDescription[][] = [];
		for (let at = 0; at < ids.length; at += BATCH)
			batches.push(ids.slice(at, at + BATCH).map((Id) => ({ Id, Port: this.#port })));
		return batches;
	}
}
