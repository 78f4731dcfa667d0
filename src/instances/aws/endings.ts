/** How members end: terminated by us, or let go from the hook in which the platform has them wait. */
import type { Instance } from '@aws-sdk/client-auto-scaling';
import { PlatformError } from '../platform/platform-error.ts';
import type { CallAws } from './actions.ts';
import type { AwsConfig } from './config.ts';
import { stateOf, waitsToEnd } from './members.ts';
import type { OwnWrites } from './own-writes.ts';

/** Calls at once. */
const SIDE_BY_SIDE = 4;

/** What the last look showed. */
export interface Seen {
	instance(id: string): Instance | undefined;
	/** A load balancer may still send it requests. */
	held(id: string): boolean;
}

export class Endings {
	readonly #call: CallAws;
	readonly #config: AwsConfig;
	readonly #writes: OwnWrites;
	/** Heartbeats by instance: epoch ms of the last one. */
	#beats: ReadonlyMap<string, number> = new Map();

	constructor(call: CallAws, config: AwsConfig, writes: OwnWrites) {
		this.#call = call;
		this.#config = config;
		this.#writes = writes;
	}

	/**
	 * Ends drained members. All are tried, also when one fails.
	 * @returns how many the group's size fell by
	 * @throws PlatformError the first failure
	 */
	async end(
		ids: readonly string[],
		seen: Seen,
		signal: AbortSignal,
	): Promise<{ lowered: number; failure: PlatformError | null }> {
		let lowered = 0;
		let failure: PlatformError | null = null;
		for (let at = 0; at < ids.length; at += SIDE_BY_SIDE) {
			const some = ids.slice(at, at + SIDE_BY_SIDE);
			const results = await Promise.allSettled(some.map((id) => this.#endOne(id, seen, signal)));
			for (const result of results) {
				if (result.status === 'fulfilled') lowered += result.value;
				else failure ??= result.reason as PlatformError;
			}
		}
		return { lowered, failure };
	}

	/** Lets it go from its hook. One that waits there no more is no error. @throws PlatformError */
	async release(id: string, signal: AbortSignal): Promise<void> {
		const hook = this.#config.lifecycleHook;
		if (hook === null) return;
		try {
			await this.#call(
				'autoscaling:CompleteLifecycleAction',
				{
					AutoScalingGroupName: this.#config.group,
					LifecycleHookName: hook,
					InstanceId: id,
					LifecycleActionResult: 'CONTINUE',
				},
				signal,
			);
		} catch (error) {
			if (!/no active lifecycle action/i.test((error as Error).message)) throw error;
		}
	}

	/** Holds members in the hook while they are drained: a beat each third of its time limit. @throws PlatformError */
	async hold(ids: readonly string[], heartbeatMs: number, signal: AbortSignal): Promise<void> {
		const hook = this.#config.lifecycleHook;
		if (hook === null) return;
		const now = Date.now();
		const beats = new Map<string, number>();
		for (const id of ids) {
			const last = this.#beats.get(id);
			// The hook's own time has only just begun when an instance is first seen in it.
			if (last === undefined || now - last < heartbeatMs / 3) {
				beats.set(id, last ?? now);
				continue;
			}
			beats.set(id, now);
			const input = { AutoScalingGroupName: this.#config.group, LifecycleHookName: hook, InstanceId: id };
			await this.#call('autoscaling:RecordLifecycleActionHeartbeat', input, signal);
		}
		this.#beats = beats;
	}

	/** 1: the group's size fell by it. */
	async #endOne(id: string, seen: Seen, signal: AbortSignal): Promise<0 | 1> {
		const instance = seen.instance(id);
		const state = stateOf(instance);
		// An instance in standby is its operator's, and no longer counted.
		if (/^(?:Standby|EnteringStandby)$/.test(state)) return 0;
		if (waitsToEnd(instance)) {
			// Before a load balancer has let go of it, `keepUp` sees to it.
			this.#writes.ended(id);
			if (!seen.held(id)) await this.release(id, signal);
			return 0;
		}
		if (state.startsWith('Terminating') || this.#writes.hasEnded(id)) return 0;
		try {
			const input = { InstanceId: id, ShouldDecrementDesiredCapacity: true };
			await this.#call('autoscaling:TerminateInstanceInAutoScalingGroup', input, signal);
		} catch (error) {
			if (error instanceof PlatformError && error.fault === 'not_found') return 0;
			throw error;
		}
		this.#writes.ended(id);
		return 1;
	}
}
