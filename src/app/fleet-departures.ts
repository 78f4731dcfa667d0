/** How the instances of a pool leave: held while nobody can take over, drained, let go, ended. */

import type { InstancesConfig } from '../instances/config.ts';
import { type InstanceEvent, isResizable, type Provider } from '../instances/provider.ts';
import { inSeconds } from '../instances/wording.ts';
import { type Deadlines, deadlines, settledBy, untilIdle } from './fleet-drain.ts';
import type { Member } from './fleet-member.ts';

/** A provider and what it provided. While a kind of instances replaces another there are two. */
export interface Source {
	readonly provider: Provider<InstancesConfig>;
	readonly members: Map<string, Member>;
}

export interface DeparturesPort {
	sources(): readonly Source[];
	/** The source of the present configuration; null: the pool left it. */
	current(): Source | null;
	graceMs(): number;
	event(event: InstanceEvent): void;
	/** Other pools of the service, which could take over what this one leaves. */
	others(): readonly Stand[];
	/** After each look at who leaves. */
	reviewed(): void;
}

/** What must be known of a pool that could take over. */
export interface Stand {
	readonly members: readonly Member[];
	/** Instances that it should have. */
	readonly desired: number;
	/** Ballast starts its instances itself. */
	readonly restartable: boolean;
}

/** How long an address that left the configuration or the DNS is used on while no other is ready, ms. */
const PATIENCE_MS = 10_000;

export class Departures {
	readonly #port: DeparturesPort;
	#reviewing = false;
	#stopping: Deadlines | null = null;
	#patience: NodeJS.Timeout | undefined;

	constructor(port: DeparturesPort) {
		this.#port = port;
	}

	/** From here on everything that leaves is gone after `graceMs`, what is under way included. */
	hurry(graceMs: number): void {
		this.#stopping = deadlines(Date.now(), graceMs);
		const { killAt } = this.#stopping;
		for (const source of this.#port.sources()) {
			for (const member of source.members.values()) if (member.ending) void source.provider.remove(member.id, killAt);
		}
	}

	close(): void {
		clearTimeout(this.#patience);
	}

	/** After the changes of this turn, so that those that leave together are seen together. */
	reviewSoon(): void {
		if (this.#reviewing) return;
		this.#reviewing = true;
		queueMicrotask(() => this.review());
	}

	/** Lets members go that are to leave and need not wait for others. */
	review(): void {
		this.#reviewing = false;
		for (const source of this.#port.sources()) {
			for (const member of source.members.values()) {
				if (!member.leaving || member.departing || this.#holds(source, member)) continue;
				member.departing = true;
				member.letGo();
				this.#depart(source, member).catch((error) => this.#failed(member, error));
			}
		}
		this.#port.reviewed();
	}

	/** Without it a change of all addresses at once would leave the service with none for a moment. */
	#holds(source: Source, member: Member): boolean {
		if (!member.healthy || !this.#mayBeReplaced(source)) return false;
		if (this.#willBeReplaced()) return true;
		const leftMs = PATIENCE_MS - (Date.now() - (member.heldSince ?? Date.now()));
		if (leftMs <= 0) return false;
		clearTimeout(this.#patience);
		this.#patience = setTimeout(() => this.review(), leftMs);
		return true;
	}

	/** Ballast starts what is to come, so that it comes, or is told why it does not. */
	#willBeReplaced(): boolean {
		const current = this.#port.current();
		if (current !== null) return current.provider.kind === 'run';
		return this.#port.others().some(({ restartable, desired }) => restartable && desired > 0);
	}

	/** No other instance is ready, but one may yet be. */
	#mayBeReplaced(source: Source): boolean {
		const current = this.#port.current();
		if (current === null) return isAwaited(this.#port.others());
		const all = this.#port.sources().flatMap((each) => [...each.members.values()]);
		const staying = all.filter((member) => !member.leaving);
		if (staying.some((member) => member.serving)) return false;
		if (staying.length > 0) return staying.some((member) => member.state !== 'draining');
		const { provider } = current;
		return source !== current && !(isResizable(provider) && provider.desired === 0);
	}

	async #depart(source: Source, member: Member): Promise<void> {
		const graceMs = this.#port.graceMs();
		const { drainUntil, killAt } = deadlines(Date.now(), graceMs);
		const until = () => Math.min(drainUntil, this.#stopping?.drainUntil ?? drainUntil);
		// Its process may end by itself in the meantime, and another have its id by then.
		const leaving = () => member.leaving && source.members.get(member.id) === member;
		const left = await untilIdle(
			() => member.inFlight,
			until,
			() => !leaving(),
		);
		if (left !== null && left > 0) {
			const text = `${member.id}: ${left} in flight at the end of its grace period of ${inSeconds(graceMs)}`;
			this.#port.event({ instance: member.id, kind: 'grace_over', level: 'warn', text });
		}
		const killBy = () => Math.min(killAt, this.#stopping?.killAt ?? killAt);
		// A worker that does not answer must not keep a process alive.
		if (leaving()) await settledBy(member.withdraw(), killBy);
		if (leaving()) {
			member.ending = true;
			await source.provider.remove(member.id, killBy());
		}
		member.ending = false;
		member.departing = false;
		this.review();
	}

	#failed(member: Member, error: unknown): void {
		const text = `${member.id} could not be removed: ${error instanceof Error ? error.message : String(error)}`;
		this.#port.event({ instance: member.id, kind: 'internal', level: 'error', text });
	}
}

/** No other pool can take over now, but one may yet. */
function isAwaited(others: readonly Stand[]): boolean {
	const serves = ({ members }: Stand) => members.some((member) => member.serving && !member.leaving);
	return !others.some(serves) && others.some(({ desired }) => desired > 0);
}
