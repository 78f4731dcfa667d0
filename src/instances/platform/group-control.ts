/**
 * Keeps one group at the size that was asked for: look, plan, one change at a time, look again.
 * Every change begins with a fresh look; a size that somebody else set is taken over, never fought.
 */
import type { InstanceEvent } from '../provider.ts';
import { GroupChanges } from './group-changes.ts';
import { Leaving } from './leaving.ts';
import type { Entry, MemberSet } from './member-set.ts';
import { Permissions, type Refusable } from './permissions.ts';
import { planSize } from './plan-size.ts';
import { keepsUp, type Platform, type PlatformGroup } from './platform.ts';
import { asPlatformError, callPlatform, retryMs, wordsOf } from './platform-call.ts';
import type { PlatformError } from './platform-error.ts';
import { Removals } from './removals.ts';
import type { PlatformSettings } from './settings.ts';
import { SizeBounds } from './size-bounds.ts';
import { SizeMemory } from './size-memory.ts';
import { type Direction, Troubles } from './troubles.ts';

export interface GroupControlOptions {
	readonly platform: Platform;
	readonly members: MemberSet;
	readonly settings: PlatformSettings;
	nativeAutoscaler(): 'refuse' | 'warn';
	/** Its size is Ballast's to change. */
	scales(): boolean;
	event(event: InstanceEvent): void;
	/** After each look that succeeded. */
	looked(): void;
	/** What the control before knew of the same group; null: nothing. */
	readonly known: KnownGroup | null;
}

export interface KnownGroup {
	readonly group: PlatformGroup;
	/** That it is believed to have. */
	readonly size: number;
}

export class GroupControl {
	readonly troubles: Troubles;
	readonly #options: GroupControlOptions;
	readonly #sizes = new SizeMemory();
	readonly #removals: Removals;
	readonly #leaving: Leaving;
	readonly #bounds: SizeBounds;
	readonly #closed = new AbortController();
	#group: PlatformGroup | null;
	/** Until it is looked at here. */
	readonly #sizeBefore: number;
	readonly #firstLook = Promise.withResolvers<void>();
	/** The size that was asked for and is not reached; null: none. */
	#goal: number | null = null;
	#active = false;
	#timer: NodeJS.Timeout | undefined;
	#wakeAt = Number.POSITIVE_INFINITY;
	#running = false;
	/** Asked for while a round runs: when the next one is to begin, ms after it. */
	#againMs = Number.POSITIVE_INFINITY;
	#lookFailures = 0;
	/** Failures of `keepUp` in a row. */
	#unkept = 0;
	readonly #changes: GroupChanges;
	readonly permissions: Permissions = new Permissions();

	constructor(options: GroupControlOptions) {
		this.#options = options;
		const { platform, settings } = options;
		this.troubles = new Troubles({ target: platform.target, settings, event: (event) => options.event(event) });
		const removals = (this.#removals = new Removals(options.members));
		this.#bounds = new SizeBounds(platform.target, this.troubles);
		this.#leaving = new Leaving({ platform, members: options.members, removals });
		this.#group = options.known?.group ?? null;
		this.#sizeBefore = options.known?.size ?? 0;
		this.#changes = new GroupChanges({
			platform,
			settings,
			sizes: this.#sizes,
			removals,
			troubles: this.troubles,
			signal: this.signal,
			pollMs: () => this.pollMs,
			call: (what, work) => this.#call(what, work),
			callOff: () => this.#callOff(),
		});
	}

	/** The size that is asked for, else the one that the platform will have once those that leave are gone. */
	get desired(): number {
		return this.#goal ?? this.#left;
	}

	/** What the platform will have once those that leave are gone. */
	get #left(): number {
		return Math.max(0, (this.#sizes.size ?? this.#sizeBefore) - this.#options.members.leavingByUs().length);
	}

	/** For a control of the same group after this one. */
	get known(): KnownGroup | null {
		return this.#group === null ? null : { group: this.#group, size: this.#sizes.size ?? this.#sizeBefore };
	}

	/** Resolves once the platform was looked at, whatever came of it, or is not any more. */
	get firstLook(): Promise<void> {
		return this.#firstLook.promise;
	}

	/** The last good answer; null: there was none. */
	get group(): PlatformGroup | null {
		return this.#group;
	}

	get signal(): AbortSignal {
		return this.#closed.signal;
	}

	/** Nothing is asked for that is not reached. */
	get settled(): boolean {
		return this.#group !== null && this.#goal === null;
	}

	get pollMs(): number {
		return this.#options.settings.pollMs * ('watchGroup' in this.#options.platform ? 6 : 1) * (0.9 + Math.random() / 5);
	}

	/** Aims at this size from now on, unless it is held back. */
	ask(count: number): void {
		if (!this.#active) return;
		if (count === this.desired) return;
		const direction: Direction = count > this.desired ? 'out' : 'in';
		if (this.#group !== null && this.troubles.holds[direction].at(Date.now()) !== null) return;
		if (this.#refusedFor(this.#group)) return;
		this.#goal = count;
		this.wake(0);
	}

	/** Ends one that was chosen and is drained by now. Resolves once the platform took it, or it stays after all. */
	end(entry: Entry): Promise<void> {
		const promise = this.#removals.add(entry);
		this.wake(this.#options.settings.batchMs);
		return promise;
	}

	setActive(active: boolean): void {
		this.#active = active;
		if (active) this.wake(0);
		else this.#callOff();
	}

	/** Looks, and acts where there is something to do, after this time at the latest. */
	wake(afterMs: number): void {
		if (this.signal.aborted) return;
		if (this.#running) {
			this.#againMs = Math.min(this.#againMs, afterMs);
			return;
		}
		const at = performance.now() + afterMs;
		// Whoever comes again and again must not put it off.
		if (at >= this.#wakeAt) return;
		this.#wakeAt = at;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.#run(), afterMs);
	}

	close(): void {
		clearTimeout(this.#timer);
		this.#closed.abort();
		this.#firstLook.resolve();
		this.#removals.callOff();
	}

	/** Whoever was chosen stays. */
	#callOff(): void {
		this.#goal = null;
		this.#changes.attempts.clear('out');
		this.#keepAll();
	}

	#keepAll(): void {
		this.#changes.attempts.clear('in');
		this.#removals.callOff();
		for (const entry of this.#options.members.leavingByUs()) this.#options.members.move(entry, 'here');
	}

	async #run(): Promise<void> {
		this.#running = true;
		this.#wakeAt = Number.POSITIVE_INFINITY;
		this.#againMs = Number.POSITIVE_INFINITY;
		let nextMs = this.pollMs;
		try {
			nextMs = await this.#round();
		} catch (error) {
			const text = `${this.#options.platform.target}: ${error instanceof Error ? error.message : String(error)}`;
			this.troubles.say('internal', text, 'error');
		}
		this.#running = false;
		this.wake(Math.min(nextMs, this.#againMs));
	}

	/** @returns ms until the next round */
	async #round(): Promise<number> {
		const { platform } = this.#options;
		let group: PlatformGroup;
		try {
			group = await this.#call('look', (signal) => platform.group(signal));
		} catch (error) {
			const retryMs = this.signal.aborted ? 0 : this.#blind(asPlatformError(error));
			this.#firstLook.resolve();
			return retryMs;
		}
		if (this.signal.aborted) return 0;
		this.#lookFailures = 0;
		this.troubles.blind(null);
		this.#take(group);
		if (!this.#active) {
			this.#firstLook.resolve();
			return this.pollMs;
		}
		this.#observe(group);
		await this.#review();
		this.#firstLook.resolve();
		await this.#keepUp(group);
		// Who could not be removed may stay as well where more are wanted: that waits for no removal.
		const grows = this.#goal !== null && this.#goal > this.#left;
		if (grows && this.#changes.attempts.isRefused('in', platform.lagMs ?? 0, Date.now())) this.#keepAll();
		const ripe = this.#leaving.ripe();
		if (ripe.length > 0) return this.#changes.waitMs('in') || this.#changes.remove(ripe);
		return this.#goal === null ? this.pollMs : this.#resize(group, this.#goal);
	}

	/** What was known stays as it was. */
	#blind(error: PlatformError): number {
		const { platform, members, settings } = this.#options;
		this.#lookFailures++;
		// One answer that does not come is no trouble yet; credentials that are refused from the first are.
		const atOnce = !error.mayPass || (this.#group === null && error.fault === 'credentials');
		if (atOnce || this.#lookFailures > 1) {
			const count = members.all().length;
			const kept =
				this.#group === null
					? 'nothing is known of it, and it takes no requests until this works'
					: `its ${count} instances and its size stay as they are`;
			this.troubles.blind(
				`${platform.target} ${error.mayPass ? 'does not answer' : 'cannot be read'}: ${wordsOf(error)}; ${kept}`,
			);
		}
		return retryMs(this.#lookFailures - 1, settings.retryMs, error);
	}

	#take(group: PlatformGroup): void {
		const { platform, members } = this.#options;
		const now = Date.now();
		this.#group = group;
		for (const id of members.take(group.members, now))
			this.troubles.say(
				'stuck',
				`${platform.target}: ${id} lives on although it was removed; it is used again`,
				'warn',
			);
		this.#removals.looked(group, this.#sizes);
		const before = this.#sizes.size;
		if (this.#sizes.seen(group.desired, now) === 'changed') this.#changedOutside(before ?? 0, group.desired);
		this.#options.looked();
	}

	#changedOutside(before: number, now: number): void {
		this.#callOff();
		this.troubles.changed();
		const text = `${this.#options.platform.target} was set to ${now} by somebody else (before: ${before}); that is its size now`;
		this.troubles.say('resized_outside', text, 'warn');
	}

	/** Looks for what is in the way. */
	#observe(group: PlatformGroup): void {
		const { members } = this.#options;
		this.permissions.later(group.failure ?? null);
		this.troubles.autoscaler(group.autoscaler, this.#options.nativeAutoscaler() === 'refuse');
		const there = members.live().filter(hasCome).length;
		this.troubles.look(group, { size: this.#sizes.size ?? 0, there }, Date.now());
	}

	/** What would be refused later is told now. */
	async #review(): Promise<void> {
		const { platform, settings, scales } = this.#options;
		if (!scales()) return;
		const text = await this.permissions.review(platform, settings.limitMs, this.signal);
		if (text !== null) this.troubles.say('permission_missing', text, 'error');
	}

	/** What the platform has to do for its members; a failure of it holds nothing up. */
	async #keepUp(group: PlatformGroup): Promise<void> {
		const { platform } = this.#options;
		if (!keepsUp(platform)) return;
		let failed: string | null = null;
		try {
			await this.#call('keep up', (signal) => platform.keepUp(group, signal));
		} catch (error) {
			if (this.signal.aborted) return;
			const fault = asPlatformError(error);
			// One failure that may pass is no trouble yet: the next look comes soon.
			if (fault.mayPass && ++this.#unkept < 2) return;
			failed = `${platform.target}: its members are not kept up: ${wordsOf(fault)}`;
		}
		if (failed === null) this.#unkept = 0;
		this.troubles.unkept(failed);
	}

	async #resize(group: PlatformGroup, asked: number): Promise<number> {
		const { members } = this.#options;
		if (this.#refusedFor(group)) {
			this.#callOff();
			return this.pollMs;
		}
		const goal = this.#bounds.bounded(asked, group);
		this.#goal = goal;
		const size = this.#sizes.size ?? group.desired;
		const leaving = members.leavingByUs();
		const ending = leaving.filter((entry) => this.#leaving.mustGo(entry)).length;
		const plan = planSize(goal, { size, live: members.live().length, chosen: leaving.length, ending });
		this.#leaving.choose(plan);
		if (plan.set !== null)
			return this.#changes.waitMs(plan.set > size ? 'out' : 'in') || this.#changes.set(plan.set, size);
		if (size === goal && members.leavingByUs().length === 0) this.#goal = null;
		return this.pollMs;
	}

	/** The platform's own autoscaler is at work, and two would work against each other. */
	#refusedFor(group: PlatformGroup | null): boolean {
		return group !== null && group.autoscaler !== null && this.#options.nativeAutoscaler() === 'refuse';
	}

	#call<T>(what: Refusable, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
		return this.permissions.during(what, callPlatform(this.#options.settings.limitMs, this.signal, work));
	}
}

/** Whoever was ready once has come, however it is now: under too much load more are wanted, not fewer. */
function hasCome({ member, wasReady }: Entry): boolean {
	return member.life === 'running' && (member.ready !== false || wasReady);
}
