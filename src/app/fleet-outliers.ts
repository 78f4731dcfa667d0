/** Outlier detection of one pool: reads the board, has it judged, ejects, tries and takes back. */
import { Guard } from '../core/board.ts';
import { type Breaker, CAUSES, type Cause, CLOSED, calmed, closed, halfOpened, opened } from '../health/breaker.ts';
import { Evidence } from '../health/evidence.ts';
import { decide, milliseconds, type Observed } from '../health/outlier.ts';
import type { OutlierConfig } from '../health/outlier-config.ts';
import { decidePanic, NO_PANIC, type Panic } from '../health/panic.ts';
import { slowFrom, suspicions } from '../health/slow-answers.ts';
import type { InstanceEvent } from '../instances/provider.ts';
import { inSeconds } from '../instances/wording.ts';
import type { Member } from './fleet-member.ts';
import type { BreakerView, FleetBoard } from './fleet-sink.ts';

export interface OutliersPort {
	readonly board: FleetBoard;
	config(): OutlierConfig;
	members(): readonly Member[];
	/** Most time until the answer of a trial begins, ms. */
	answerMs(): number;
	event(event: InstanceEvent): void;
	/** Another pool of the service can take this one's requests. */
	relieved(): boolean;
	/** It takes its full part again. */
	returned(member: Member): void;
}

export interface OutlierFigures {
	/** Instances that are ejected now. */
	ejected: number;
	/** Ejections so far, by cause. */
	ejections: Record<Cause, number>;
	/** Whether instances that are not ready are used, since too few are; and how often that was so. */
	panic: boolean;
	panics: number;
}

/** Nothing has happened. */
export const outlierFigures = (): OutlierFigures => ({ ejected: 0, ejections: none(), panic: false, panics: 0 });

/** Probes that took an instance out are remembered for so long, ms. */
const FLAP_MS = 60_000;
/** One that came so much after the first of its pool, ms, is not called slow in its first window. */
const YOUNGER_MS = 1500;
/** It is said so often at most that outliers stay, ms. */
const STAYS_MS = 30_000;
/** Between two looks at what workers suspect, ms. */
const SUSPECTED_MS = 50;
/** Beyond the time that an answer may take, until a trial that says nothing is given up, ms. */
const TRIAL_SPARE_MS = 2000;

/** What is known of one life of an instance. */
interface Watched {
	readonly member: Member;
	readonly slot: number;
	/** Of the slot: another life may have got the same one. */
	readonly generation: number;
	/** Since when it is watched, ms of the monotonic clock. */
	readonly since: number;
	readonly evidence: Evidence;
	readonly ejections: Record<Cause, number>;
	breaker: Breaker;
	/** When its probes took it out. */
	falls: number[];
	fit: boolean;
	/** Since when the looks find the same trial under way; 0: they do not. */
	trialSince: number;
}

const isReady = ({ member, breaker }: Watched): boolean => member.serving && breaker.state === 'closed';
const none = (): Record<Cause, number> =>
	Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as Record<Cause, number>;

export class PoolOutliers {
	readonly #port: OutliersPort;
	readonly #watched = new Map<Member, Watched>();
	readonly #ejections = none();
	#panic: Panic = NO_PANIC;
	#panics = 0;
	/** When it was last said that outliers stay. */
	#saidAt = -Infinity;
	#judgedAt = -Infinity;
	#panicAsked = false;
	#soon: NodeJS.Timeout | undefined;

	constructor(port: OutliersPort) {
		this.#port = port;
	}

	/** Once a second. `now`: ms of the monotonic clock. */
	look(now: number): void {
		const config = this.#port.config();
		const pool = this.#pool(now);
		for (const one of pool) this.#take(one, now, config);
		this.#weighLatency(pool, now, config);
		for (const one of pool) this.#upkeep(one, now, config);
		this.#judge(pool, now, config);
		this.#judgePanic(pool, now, config);
	}

	#take({ evidence, slot }: Watched, now: number, { windowMs }: OutlierConfig): void {
		const seen = this.#port.board.seen(slot);
		evidence.take(seen, now, windowMs);
		// A worker that sends nothing there any more keeps its row, and one failure more would be held for all of it.
		const { ok, failed } = evidence.recent;
		if (seen.row > 0 && ok > 0 && failed === 0) this.#port.board.forgetRows(slot);
	}

	/** Requests failed at an instance just now: what is in a row may be enough. Many at once are looked at together. */
	suspected(now: number): void {
		if (this.#soon !== undefined) return;
		const wait = Math.max(0, this.#judgedAt + SUSPECTED_MS - now);
		if (wait === 0) return this.#check(now);
		this.#soon = setTimeout(() => {
			this.#soon = undefined;
			this.#check(performance.now());
		}, wait).unref();
	}

	close(): void {
		clearTimeout(this.#soon);
	}

	#check(now: number): void {
		this.#judge(this.#pool(now), now, this.#port.config());
	}

	/** A worker closed or opened the breaker of an instance that it tried. */
	guardChanged(member: Member, now: number): void {
		const one = this.#of(member);
		if (one !== null) this.#tried(one, now, this.#port.config());
	}

	/** The state of a member changed. */
	changed(member: Member, now: number): void {
		const one = this.#of(member) ?? (member.counts ? this.#watch(member, now) : null);
		if (one === null) return;
		const { fit } = member;
		if (one.fit && !fit && (member.unreachable || member.usable !== 'no')) one.falls.push(now);
		// What failed before it was taken out says nothing of it now; that it comes and goes still does.
		if (!one.fit && fit && one.breaker.state === 'closed') this.#forget(one);
		if (one.fit !== fit) this.#panicSoon();
		one.fit = fit;
		// What comes back is another life, for which it need not atone; but who comes and goes must wait in the end.
		if (member.unreachable && one.breaker.state !== 'closed' && one.breaker.level < 2) this.#release(one, now);
		else if (fit && one.falls.length > 0) this.#check(now);
	}

	/** The last ready one may just have gone: what is ejected is used at once then, not with the next look. */
	#panicSoon(): void {
		if (this.#panicAsked) return;
		this.#panicAsked = true;
		queueMicrotask(() => {
			this.#panicAsked = false;
			const now = performance.now();
			this.#judgePanic(this.#pool(now), now, this.#port.config());
		});
	}

	view(member: Member, now: number): BreakerView {
		const one = this.#of(member);
		if (one === null) return { state: 'closed', until: null, ejections: none() };
		const { state, untilMs } = one.breaker;
		const until = state === 'open' ? Math.round(Date.now() + Math.max(0, untilMs - now)) : null;
		return { state, until, ejections: { ...one.ejections } };
	}

	figures(): OutlierFigures {
		const ejected = [...this.#watched.values()].filter(({ breaker }) => breaker.state === 'open').length;
		return { ejected, ejections: { ...this.#ejections }, panic: this.#panic.since !== null, panics: this.#panics };
	}

	/** Those that count now, each with what is known of its present life. */
	#pool(now: number): Watched[] {
		const members = this.#port.members().filter((member) => member.counts);
		const there = new Set(members);
		for (const member of this.#watched.keys()) if (!there.has(member) && member.slot < 0) this.#watched.delete(member);
		return members.map((member) => this.#of(member) ?? this.#watch(member, now));
	}

	/** What is known of its present life; null: nothing yet. */
	#of(member: Member): Watched | null {
		const one = this.#watched.get(member);
		if (one === undefined || one.slot !== member.slot) return null;
		return one.generation === this.#port.board.generation(one.slot) ? one : null;
	}

	#watch(member: Member, now: number): Watched {
		const { board } = this.#port;
		const { slot, fit } = member;
		const one: Watched = {
			member,
			slot,
			generation: board.generation(slot),
			since: now,
			evidence: new Evidence(board.seen(slot)),
			ejections: none(),
			breaker: CLOSED,
			falls: [],
			fit,
			trialSince: 0,
		};
		this.#watched.set(member, one);
		return one;
	}

	#weighLatency(pool: readonly Watched[], now: number, { latency, windowMs }: OutlierConfig): void {
		const { board } = this.#port;
		const found = latency === null ? [] : suspicions(pool.map(({ evidence }) => evidence));
		const limits =
			latency === null
				? []
				: slowFrom(
						pool.map(({ evidence }) => evidence.recent),
						latency,
					);
		const oldest = Math.min(...pool.map(({ since }) => since));
		for (const [at, { evidence, slot, since }] of pool.entries()) {
			// A process that has just begun is slower for a while than those that run already.
			const young = since - oldest > YOUNGER_MS && now - since < windowMs;
			evidence.suspect(young ? 0 : (found[at] ?? 0), now);
			// One that cannot be told anew holds on.
			if (latency === null || (limits[at] as number) > 0) board.setSlowFrom(slot, limits[at] ?? 0);
		}
	}

	#upkeep(one: Watched, now: number, config: OutlierConfig): void {
		one.falls = one.falls.filter((at) => at > now - FLAP_MS);
		one.breaker = calmed(one.breaker, now, config.ejection);
		const off = config.failures + config.connectFailures + config.flaps === 0;
		if (off && config.successRate === null && config.latency === null && one.breaker.state !== 'closed')
			this.#return(one, 'outlier detection was switched off', now);
		if (one.breaker.state === 'half-open') this.#tried(one, now, config);
	}

	#judge(pool: readonly Watched[], now: number, config: OutlierConfig): void {
		this.#judgedAt = now;
		const { actions, reasons } = decide(
			pool.map((one) => this.#observe(one, now)),
			config,
			now,
		);
		for (const action of actions) {
			const one = pool[action.at] as Watched;
			if (action.kind === 'try') this.#try(one, now);
			else if (this.#panic.since === null) this.#eject(one, action, now);
		}
		const [worst, ...more] = reasons;
		if (worst === undefined || now < this.#saidAt + STAYS_MS) return;
		this.#saidAt = now;
		const text = more.length === 0 ? worst : `${worst}; ${more.length} more stay`;
		this.#port.event({ instance: null, kind: 'outlier_stays', level: 'warn', text });
	}

	#observe({ member, slot, evidence, breaker, falls }: Watched, now: number): Observed {
		const seen = this.#port.board.seen(slot);
		const { row, connectRow } = seen;
		const { suspicion, slowSince, slowUs } = evidence;
		const recent = evidence.upTo(seen);
		const slowForMs = slowSince === null ? 0 : now - slowSince;
		const { id, fit } = member;
		return { id, fit, breaker, row, connectRow, flaps: falls.length, recent, suspicion, slowForMs, slowUs };
	}

	#eject(one: Watched, { cause, why }: { cause: Cause; why: string }, now: number): void {
		const { member, slot } = one;
		one.breaker = opened(one.breaker, now, this.#port.config().ejection);
		one.ejections[cause]++;
		this.#ejections[cause]++;
		one.falls = [];
		const note = `ejected for ${inSeconds(one.breaker.untilMs - now)}: ${why}`;
		member.setEjected(true, note, { kind: 'ejected', level: 'warn', text: `${member.id} ${note}` });
		this.#port.board.setGuard(slot, Guard.open);
		this.#forget(one);
	}

	#forget({ slot, evidence }: Watched): void {
		this.#port.board.forgetRows(slot);
		evidence.forget(this.#port.board.seen(slot));
	}

	/** Its time is over. While too few are ready it is used as it is, and not tried first. */
	#try(one: Watched, now: number): void {
		if (this.#panic.since !== null) return this.#return(one, 'its time is over', now);
		const { member, slot, breaker } = one;
		one.breaker = halfOpened(breaker, now);
		one.trialSince = 0;
		this.#forget(one);
		this.#port.board.setGuard(slot, Guard.halfOpen);
		const text = `${member.id} half-open after ${inSeconds(now - breaker.since)}: one request at a time tries it`;
		member.setEjected(false, 'half-open: one request at a time tries it', { kind: 'half_open', level: 'info', text });
	}

	/** What became of the trial, if anything has. */
	#tried(one: Watched, now: number, config: OutlierConfig): void {
		if (one.breaker.state !== 'half-open') return;
		const { board } = this.#port;
		const guard = board.guard(one.slot);
		if (guard === Guard.open) return this.#eject(one, { cause: 'trial', why: 'its trial failed' }, now);
		if (guard === Guard.closed) {
			const { slow, heads, headUs } = one.evidence.upTo(board.seen(one.slot));
			const fine = config.latency === null || slow === 0 || slow < heads;
			if (fine) return this.#return(one, 'its trial went well', now);
			const why = `its trial took ${milliseconds(headUs / heads)}`;
			return this.#eject(one, { cause: 'trial', why }, now);
		}
		this.#watchTrial(one, guard, now);
	}

	/** A trial may never say how it went: its worker died, or its answer is a stream without an end. */
	#watchTrial(one: Watched, guard: Guard, now: number): void {
		const { board, answerMs } = this.#port;
		if (guard !== Guard.trial) one.trialSince = 0;
		else if (one.trialSince === 0) one.trialSince = now;
		else if (board.inFlight(one.slot) === 0) board.moveGuard(one.slot, Guard.trial, Guard.halfOpen);
		else if (now - one.trialSince > answerMs() + TRIAL_SPARE_MS && board.moveGuard(one.slot, Guard.trial, Guard.closed))
			this.#return(one, 'its trial was answered and goes on', now);
	}

	#return(one: Watched, why: string, now: number): void {
		const { member, slot } = one;
		one.breaker = closed(one.breaker, now);
		this.#port.board.setGuard(slot, Guard.closed);
		this.#forget(one);
		const told = { kind: 'returned', level: 'info', text: `${member.id} returned: ${why}` } as const;
		if (member.state === 'ready') member.remark('', told);
		else member.setEjected(false, '', told);
		this.#port.returned(member);
	}

	/** It cannot be connected to: its probes say when it is back, and what failed was another life. */
	#release(one: Watched, now: number): void {
		one.breaker = closed(one.breaker, now);
		this.#port.board.setGuard(one.slot, Guard.closed);
		this.#forget(one);
		const { member } = one;
		const { note } = member.view();
		member.setEjected(false, note, null);
		member.remark(note, { kind: 'down', level: 'warn', text: `${member.id} down: ${note}` });
	}

	/** Enough of its instances are ready for all of its traffic, and some of others. */
	get enough(): boolean {
		const pool = this.#pool(performance.now());
		const ready = pool.filter(isReady).length;
		return ready > 0 && ready >= this.#port.config().panic * pool.length;
	}

	#judgePanic(pool: readonly Watched[], now: number, config: OutlierConfig): void {
		const candidates = pool.filter((one) => this.#mayBeUsed(one));
		// Where another pool can take over it does.
		const relieved = this.#port.relieved();
		const counts = { total: pool.length, ready: pool.filter(isReady).length, usable: relieved ? 0 : candidates.length };
		const { panic, text } = decidePanic(this.#panic, counts, { limits: config, now });
		if (text !== null) {
			if (panic.since !== null) this.#panics++;
			this.#port.event({ instance: null, kind: panic.since === null ? 'panic_ends' : 'panic', level: 'warn', text });
		}
		this.#panic = panic;
		const used = new Set(panic.since === null ? [] : candidates);
		for (const one of pool) {
			one.member.setUsed(used.has(one));
			if (panic.since !== null && one.breaker.state === 'half-open') this.#return(one, 'too few are ready', now);
		}
	}

	#mayBeUsed({ member, evidence }: Watched): boolean {
		const { usable } = member;
		return usable === 'yes' || (usable === 'silent' && evidence.recent.ok > 0);
	}
}
