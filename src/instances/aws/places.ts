/** Addresses of instances, from EC2: asked for once and kept. */
import type { Instance } from '@aws-sdk/client-ec2';
import type { CallAws } from './actions.ts';
import type { AwsConfig } from './config.ts';
import type { Place } from './members.ts';

/** Values that EC2 takes in one filter. */
const BATCH = 200;
/** A public address changes when an instance is stopped and started: looked up again after this, ms. */
const KEEP_MS = 5 * 60_000;

interface Kept extends Place {
	readonly atMs: number;
}

export class Places {
	readonly #call: CallAws;
	readonly #address: AwsConfig['address'];
	#kept: ReadonlyMap<string, Kept> = new Map();

	constructor(call: CallAws, address: AwsConfig['address']) {
		this.#call = call;
		this.#address = address;
	}

	get(id: string): Place | undefined {
		return this.#kept.get(id);
	}

	/** Learns of those it does not know, and forgets all others. @throws PlatformError */
	async look(ids: readonly string[], signal: AbortSignal): Promise<void> {
		const now = Date.now();
		const kept = new Map<string, Kept>();
		const asked: string[] = [];
		for (const id of ids) {
			const known = this.#kept.get(id);
			if (known !== undefined) kept.set(id, known);
			if (known === undefined || known.host === '' || now - known.atMs > KEEP_MS) asked.push(id);
		}
		for (let at = 0; at < asked.length; at += BATCH) {
			for (const [id, place] of await this.#ask(asked.slice(at, at + BATCH), signal)) kept.set(id, place);
		}
		this.#kept = kept;
	}

	/** By a filter: an id that EC2 does not know yet, or no more, is then missing from the answer and no error. */
	async #ask(ids: readonly string[], signal: AbortSignal): Promise<Map<string, Kept>> {
		const found = new Map<string, Kept>();
		let NextToken: string | undefined;
		do {
			const answer = await this.#call(
				'ec2:DescribeInstances',
				{ Filters: [{ Name: 'instance-id', Values: [...ids] }], MaxResults: 1000, NextToken },
				signal,
			);
			for (const instance of (answer.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? [])) {
				const host = hostOf(instance, this.#address);
				const startedAt = instance.LaunchTime?.getTime() ?? 0;
				found.set(instance.InstanceId ?? '', { host, startedAt, atMs: Date.now() });
			}
			NextToken = answer.NextToken || undefined;
		} while (NextToken !== undefined && found.size < ids.length);
		return found;
	}
}

function hostOf(instance: Instance, address: AwsConfig['address']): string {
	if (address === 'public') return instance.PublicIpAddress ?? '';
	if (address === 'ipv6') return instance.Ipv6Address ?? '';
	return instance.PrivateIpAddress ?? '';
}
