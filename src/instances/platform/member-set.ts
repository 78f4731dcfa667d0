/** The members of a platform's group as instances: who is there, who leaves, who left and is listed still. */
import type { Life, ProvidedInstance, ProviderWatcher } from '../provider.ts';
import type { PlatformMember } from './platform.ts';

/** How long a member that was ended may still be listed before it is taken for one that lives, ms. */
const LISTED_STILL_MS = 600_000;

/**
 * `here`; `chosen`: to be drained and then ended by us; `ending`: the platform was told, or is about to be;
 * `lost`: not listed any more, or let go by us: only drained and forgotten.
 */
export type Phase = 'here' | 'chosen' | 'ending' | 'lost';

export interface Entry {
	readonly id: string;
	member: PlatformMember;
	phase: Phase;
	epoch: number;
	startedAt: number;
	/** Order of appearance. */
	readonly born: number;
	/** What probes last said; null: nothing in this life. */
	up: boolean | null;
	/** Epoch ms since when they say that it is down; null: they do not. */
	downSince: number | null;
	/** This provider saw it come: its time to ready can be learned. */
	fresh: boolean;
	/** Ends for want of memory that are told already; null: none are known of this life. */
	memoryEnds: number | null;
	/** The platform did not always say that it is not ready, or a probe found it up. */
	wasReady: boolean;
}

interface Ended {
	readonly startedAt: number;
	readonly host: string;
	/** Epoch ms from which it is believed to live, where it is listed still. */
	readonly untilMs: number;
	/** It was ended here. */
	readonly byUs: boolean;
}

export class MemberSet {
	readonly #service: string;
	#tls: boolean;
	/** By the platform's id. */
	readonly #entries = new Map<string, Entry>();
	/** How late what is listed may be, ms: one that was not listed for a moment may be back after so long. */
	lagMs = 0;
	/** Ended by us, or gone, and perhaps listed still; by the platform's id. */
	readonly #ended = new Map<string, Ended>();
	#watcher: ProviderWatcher | null = null;
	#born = 0;
	#taken = false;

	constructor(service: string, tls: boolean) {
		this.#service = service;
		this.#tls = tls;
	}

	watch(watcher: ProviderWatcher): void {
		this.#watcher = watcher;
		for (const entry of this.#entries.values()) watcher.changed(this.#view(entry));
	}

	/** One port speaks either TLS or not: a change is a new life of all. */
	setTls(tls: boolean): void {
		if (tls === this.#tls) return;
		this.#tls = tls;
		for (const entry of this.#entries.values()) {
			entry.epoch++;
			this.#tell(entry);
		}
	}

	list(): ProvidedInstance[] {
		return [...this.#entries.values()].map((entry) => this.#view(entry));
	}

	/** Those that are there or on their way and that nobody else ends. */
	live(): Entry[] {
		return [...this.#entries.values()].filter(isLive);
	}

	/** Those that leave because fewer are wanted. */
	leavingByUs(): Entry[] {
		return this.live().filter((entry) => entry.phase !== 'here');
	}

	all(): Entry[] {
		return [...this.#entries.values()];
	}

	/** By the instance's id. */
	find(id: string): Entry | undefined {
		return this.#entries.get(this.#platformId(id));
	}

	/** Takes what the platform lists. @returns ids that were ended long ago and live on */
	take(members: readonly PlatformMember[], nowMs: number): string[] {
		const alive: string[] = [];
		const listed = new Set<string>();
		for (const member of members) {
			listed.add(member.id);
			const ended = this.#ended.get(member.id);
			if (ended !== undefined && !this.#lives(member, ended, nowMs)) continue;
			if (ended?.byUs === true && nowMs > ended.untilMs) alive.push(member.id);
			this.#ended.delete(member.id);
			this.#takeOne(member, nowMs, this.#taken && (ended === undefined || nowMs <= ended.untilMs));
		}
		for (const [id, entry] of this.#entries) {
			if (listed.has(id) || entry.phase === 'lost') continue;
			entry.phase = 'lost';
			entry.member = { ...entry.member, note: 'the platform does not list it any more' };
			this.#tell(entry);
		}
		for (const id of this.#ended.keys()) if (!listed.has(id)) this.#ended.delete(id);
		this.#taken = true;
		return alive;
	}

	/** Moves one to another phase. */
	move(entry: Entry, phase: Phase): void {
		if (entry.phase === phase) return;
		const before = this.#life(entry);
		entry.phase = phase;
		if (this.#life(entry) !== before) this.#tell(entry);
	}

	/** We ended it: it is gone, listed or not. */
	forget(entry: Entry, nowMs: number): void {
		this.#drop(entry, { untilMs: nowMs + LISTED_STILL_MS, byUs: true });
	}

	/** It went by itself, as far as the platform shows. What shows late may be wrong: one that is listed later lives. */
	letGo(entry: Entry, nowMs: number): void {
		this.#drop(entry, { untilMs: nowMs + this.lagMs, byUs: false });
	}

	#drop(entry: Entry, how: Pick<Ended, 'untilMs' | 'byUs'>): void {
		const { member, id } = entry;
		if (this.#entries.get(member.id) !== entry) return;
		this.#entries.delete(member.id);
		this.#ended.set(member.id, { startedAt: member.startedAt, host: member.host, ...how });
		this.#watcher?.gone(id);
	}

	/** All leave, without being ended; what was remembered of earlier ones is of no use any more. */
	abandon(): void {
		this.#ended.clear();
		for (const entry of this.#entries.values()) this.move(entry, 'lost');
	}

	/** Whether what is listed after its end is another life. */
	#lives(member: PlatformMember, ended: Ended, nowMs: number): boolean {
		if (member.life === 'leaving' || member.life === 'failed') return false;
		const another = member.startedAt !== ended.startedAt && member.startedAt > 0 && ended.startedAt > 0;
		const moved = member.host !== '' && ended.host !== '' && member.host !== ended.host;
		return another || moved || nowMs > ended.untilMs;
	}

	/** @param isNew it was not there before: its start is seen */
	#takeOne(member: PlatformMember, nowMs: number, isNew: boolean): void {
		const entry = this.#entries.get(member.id);
		if (entry === undefined) {
			const fresh: Entry = {
				id: `${this.#service}@${member.id}`,
				member,
				phase: 'here',
				epoch: 1,
				startedAt: member.startedAt || nowMs,
				born: ++this.#born,
				up: null,
				downSince: null,
				fresh: isNew,
				memoryEnds: isNew ? 0 : null,
				wasReady: isReady(member),
			};
			this.#entries.set(member.id, fresh);
			this.#tell(fresh);
			return;
		}
		const before = this.#view(entry);
		const earlier = entry.member;
		entry.member = member;
		if (entry.phase === 'lost') entry.phase = 'here';
		if (isAnother(earlier, member)) {
			entry.epoch++;
			entry.startedAt = member.startedAt || nowMs;
			entry.up = null;
			entry.downSince = null;
			entry.fresh = true;
			entry.memoryEnds = 0;
			entry.wasReady = false;
		}
		entry.wasReady ||= isReady(member);
		if (differs(before, this.#view(entry))) this.#tell(entry);
	}

	#tell(entry: Entry): void {
		this.#watcher?.changed(this.#view(entry));
	}

	#platformId(id: string): string {
		return id.startsWith(`${this.#service}@`) ? id.slice(this.#service.length + 1) : id;
	}

	#life(entry: Entry): Life {
		if (entry.phase !== 'here') return 'leaving';
		const { life, host, port, ready } = entry.member;
		if (life === 'leaving') return 'leaving';
		if (life === 'failed') return 'exited';
		return life === 'running' && host !== '' && port > 0 && ready !== false ? 'running' : 'pending';
	}

	#view(entry: Entry): ProvidedInstance {
		const { id, member, epoch, startedAt } = entry;
		const { host, port } = member;
		const life = this.#life(entry);
		const unready = life === 'pending' && member.life === 'running' ? 'the platform says that it is not ready' : '';
		const note = member.note || unready;
		return { id, host, port, tls: this.#tls, weight: 1, life, pid: null, epoch, startedAt, restarts: 0, note };
	}
}

function isReady({ life, ready }: PlatformMember): boolean {
	return life === 'running' && ready !== false;
}

function isLive({ phase, member }: Entry): boolean {
	return phase !== 'lost' && (member.life === 'pending' || member.life === 'running');
}

/** The same name, another life: a StatefulSet's `api-0` after its pod was made anew. */
function isAnother(before: PlatformMember, now: PlatformMember): boolean {
	if (before.host !== '' && now.host !== '' && (before.host !== now.host || before.port !== now.port)) return true;
	return before.startedAt > 0 && now.startedAt > 0 && before.startedAt !== now.startedAt;
}

function differs(one: ProvidedInstance, other: ProvidedInstance): boolean {
	return (
		one.life !== other.life ||
		one.host !== other.host ||
		one.port !== other.port ||
		one.epoch !== other.epoch ||
		one.startedAt !== other.startedAt ||
		one.note !== other.note
	);
}
