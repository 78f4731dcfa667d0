/** Instances that are members of a platform's group: a Deployment, an Auto Scaling group, a scale set, commands. */

import type {
	HeldBack,
	InstanceEvent,
	LearnsStartTimes,
	ProvidedInstance,
	Provider,
	ProviderWatcher,
	Resizable,
} from '../provider.ts';
import { StartTimes } from '../run/start-times.ts';
import { inSeconds } from '../wording.ts';
import { GroupControl, type KnownGroup } from './group-control.ts';
import { MemberSet } from './member-set.ts';
import { tellMemoryEnds } from './memory-ends.ts';
import {
	keepsUp,
	knowsUsage,
	type MemberSize,
	type Platform,
	type PlatformGroup,
	type PlatformUsage,
	type SizeApplied,
	sizesMembers,
	takesHealth,
	watchesGroup,
} from './platform.ts';
import { asPlatformError, callPlatform, wordsOf } from './platform-call.ts';
import { PLATFORM_SETTINGS, type PlatformSettings } from './settings.ts';
import { UsagePoll } from './usage-poll.ts';

export interface PlatformProviderOptions<C> {
	/** What stands for the pool: `videos`, `videos/standby`. */
	readonly service: string;
	readonly config: C;
	/** Times that are not the default. */
	settings?(config: C): Partial<PlatformSettings>;
	/** Whether members speak TLS; default: not. */
	tls?(config: C): boolean;
	/** Default `refuse`. */
	readonly nativeAutoscaler?: 'refuse' | 'warn';
	/** Its size is Ballast's to change; default true. */
	readonly scales?: boolean;
	/** A client of the platform for a configuration; called anew for each that is applied. */
	open(config: C): Platform;
}

/** Between two looks at whether all that are wanted are ready, ms. */
const SETTLED_MS = 50;
/** Changes that a platform tells of come in swarms: one look for all of this time, ms. */
const SWARM_MS = 100;

export class PlatformProvider<C extends { kind: string }> implements Provider<C>, Resizable, LearnsStartTimes {
	readonly kind: string;
	/** The platform keeps the size: see `Resizable`. */
	readonly keepsSize = true;
	nativeAutoscaler: 'refuse' | 'warn';
	scales: boolean;
	readonly #options: PlatformProviderOptions<C>;
	#settings: PlatformSettings;
	readonly #members: MemberSet;
	readonly #startTimes = new StartTimes();
	#platform: Platform;
	#control: GroupControl;
	#usage: UsagePoll | null = null;
	#watcher: ProviderWatcher | null = null;
	#active = false;
	#over = false;
	#closed = false;

	constructor(options: PlatformProviderOptions<C>) {
		this.#options = options;
		this.kind = options.config.kind;
		this.nativeAutoscaler = options.nativeAutoscaler ?? 'refuse';
		this.scales = options.scales ?? true;
		this.#settings = { ...PLATFORM_SETTINGS, ...options.settings?.(options.config) };
		this.#members = new MemberSet(options.service, options.tls?.(options.config) ?? false);
		this.#platform = options.open(options.config);
		this.#members.lagMs = this.#platform.lagMs ?? 0;
		this.#control = this.#newControl(null);
	}

	get desired(): number {
		return this.#over ? 0 : this.#control.desired;
	}

	get startTimes(): readonly number[] {
		return this.#startTimes.times;
	}

	set startTimes(times: readonly number[]) {
		this.#startTimes.times = times;
	}

	get startTimeMs(): number | null {
		return this.#startTimes.medianMs;
	}

	/** What it acts on, for people. */
	get target(): string {
		return this.#platform.target;
	}

	/** Why the size cannot be raised or lowered now. For the scaler: it ends by itself, so that it is tried again. */
	get trouble(): HeldBack {
		return this.#control.troubles.trouble(Date.now());
	}

	/** What is wrong, whichever way it holds; what was refused stays until it works. For an alert. */
	get complaint(): string | null {
		return this.#control.troubles.complaint;
	}

	/** The platform refuses something for want of a permission. */
	get permissionMissing(): boolean {
		return this.#control.permissions.missing;
	}

	get known(): boolean {
		return this.group !== null;
	}

	/** Resolves once the platform was looked at, whatever came of it. */
	get firstLook(): Promise<void> {
		return this.#control.firstLook;
	}

	/** The platform's last good answer; null: there was none. */
	get group(): PlatformGroup | null {
		return this.#control.group;
	}

	/** What members use, by the instance's id; empty where the platform does not know it. */
	usage(): ReadonlyMap<string, PlatformUsage> {
		const usage = this.#usage?.usage;
		const known = new Map<string, PlatformUsage>();
		if (usage === undefined) return known;
		for (const { id, member } of this.#members.all()) {
			const found = usage.get(member.id);
			if (found !== undefined) known.set(id, found);
		}
		return known;
	}

	list(): readonly ProvidedInstance[] {
		return this.#members.list();
	}

	watch(watcher: ProviderWatcher): void {
		this.#watcher = watcher;
		this.#members.watch(watcher);
		this.#begin();
	}

	apply(config: C): void {
		const before = this.#platform;
		const known = this.#control.known;
		this.#end();
		this.#settings = { ...PLATFORM_SETTINGS, ...this.#options.settings?.(config) };
		this.#members.setTls(this.#options.tls?.(config) ?? false);
		this.#platform = this.#options.open(config);
		this.#members.lagMs = this.#platform.lagMs ?? 0;
		// Those of another group leave by themselves; they are not ours to end any more.
		if (before.target !== this.#platform.target) this.#members.abandon();
		before.close();
		this.#closed = false;
		// What was known of the same group holds until it is looked at anew: it has not become empty meanwhile.
		this.#control = this.#newControl(identityOf(before) === identityOf(this.#platform) ? known : null);
		this.#begin();
		this.#control.setActive(this.#active);
	}

	setActive(active: boolean): void {
		this.#active = active;
		this.#control.setActive(active);
	}

	reached(id: string, up: boolean, _why: string): void {
		const entry = this.#members.find(id);
		if (entry === undefined) return;
		if (!up) entry.downSince ??= Date.now();
		else {
			entry.downSince = null;
			entry.wasReady = true;
			if (entry.up === null && entry.fresh) this.#startTimes.add(Math.max(0, Date.now() - entry.startedAt));
		}
		entry.up = up;
	}

	async remove(id: string, _killAt: number): Promise<void> {
		const entry = this.#members.find(id);
		if (entry === undefined) return;
		const { life } = entry.member;
		const lives = life === 'pending' || life === 'running';
		const ours = entry.phase === 'chosen' || entry.phase === 'ending';
		if (ours && lives && this.#active && !this.#over) return this.#control.end(entry);
		// It leaves by itself, or is to be forgotten here and to go on there.
		if (life === 'leaving' && this.#active && !this.#over && keepsUp(this.#platform)) {
			this.#platform.drained(entry.member.id);
			this.#control.wake(0);
		}
		if (entry.phase !== 'here' || !lives) this.#members.letGo(entry, Date.now());
	}

	resize(count: number): void {
		if (!this.#over) this.#control.ask(count);
	}

	async settled(): Promise<string | null> {
		const until = Date.now() + Math.max(this.#settings.stuckMs, 2 * this.#settings.limitMs);
		for (;;) {
			if (!this.#active || this.#over) return 'this core does not lead';
			if (this.#control.settled) {
				const ready = this.#members.live().filter(({ phase, up }) => phase === 'here' && up === true).length;
				if (ready >= this.desired) return null;
				if (this.complaint !== null) return this.complaint;
				if (Date.now() > until)
					return `${ready} of ${this.desired} are ready after ${inSeconds(this.#settings.stuckMs)}`;
			} else if (Date.now() > until) return this.complaint ?? 'the platform does not answer';
			await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
		}
	}

	/**
	 * Gives the members another size.
	 * @returns null: this platform cannot
	 * @throws PlatformError
	 */
	async applySize(size: MemberSize): Promise<SizeApplied | null> {
		const platform = this.#platform;
		if (!sizesMembers(platform)) return null;
		const control = this.#control;
		const call = callPlatform(this.#settings.limitMs, control.signal, (signal) => platform.applySize(size, signal));
		const how = await control.permissions.during('give a size', call);
		this.#control.wake(0);
		return how;
	}

	/** The group goes on without us: its members are only let go. */
	retire(): void {
		this.#over = true;
		this.#end();
		this.#closePlatform();
		this.#members.abandon();
	}

	close(): void {
		this.#active = false;
		this.#over = true;
		this.#end();
		this.#closePlatform();
	}

	#closePlatform(): void {
		if (!this.#closed) this.#platform.close();
		this.#closed = true;
	}

	#newControl(known: KnownGroup | null): GroupControl {
		return new GroupControl({
			known,
			platform: this.#platform,
			members: this.#members,
			settings: this.#settings,
			nativeAutoscaler: () => this.nativeAutoscaler,
			scales: () => this.scales,
			event: (event) => this.#event(event),
			looked: () => {
				for (const event of tellMemoryEnds(this.#members.all())) this.#event(event);
				this.#reportDead();
			},
		});
	}

	#begin(): void {
		const platform = this.#platform;
		const control = this.#control;
		control.wake(0);
		if (watchesGroup(platform)) platform.watchGroup(() => control.wake(SWARM_MS), control.signal);
		if (!knowsUsage(platform)) return;
		this.#usage = new UsagePoll({
			platform,
			everyMs: this.#settings.usageMs,
			limitMs: this.#settings.limitMs,
			ids: () => (this.#active ? this.#members.live().map((entry) => entry.member.id) : []),
			event: (event) => this.#event(event),
		});
	}

	#end(): void {
		this.#control.close();
		this.#usage?.close();
		this.#usage = null;
	}

	/** Once for each life: the platform may then replace it. */
	#reportDead(): void {
		const platform = this.#platform;
		if (!this.#active || !takesHealth(platform)) return;
		const now = Date.now();
		for (const entry of this.#members.live()) {
			const { downSince, member } = entry;
			if (downSince === null || now - downSince < this.#settings.unhealthyMs || entry.phase !== 'here') continue;
			entry.downSince = Number.POSITIVE_INFINITY;
			const why = `no good probe for ${inSeconds(now - downSince)}`;
			void this.#report(
				entry.id,
				callPlatform(this.#settings.limitMs, this.#control.signal, (signal) =>
					platform.reportUnhealthy(member.id, why, signal),
				),
				why,
			);
		}
	}

	async #report(id: string, call: Promise<void>, why: string): Promise<void> {
		try {
			await call;
			this.#event({
				instance: id,
				kind: 'reported_unhealthy',
				level: 'warn',
				text: `${id} reported to the platform: ${why}`,
			});
		} catch (error) {
			if (this.#over) return;
			const text = `${id} could not be reported to the platform: ${wordsOf(asPlatformError(error))}`;
			this.#event({ instance: id, kind: 'report_failed', level: 'warn', text });
		}
	}

	#event(event: InstanceEvent): void {
		this.#watcher?.event(event);
	}
}

const identityOf = ({ kind, target, identity = target }: Platform): string => `${kind} ${identity}`;
