/** One instance of the fleet: keeps its state, its probes and its slot in the data plane in step. */
import type { Outcome, Verdict } from '../health/decide.ts';
import type { ProbeTarget } from '../health/probe-target.ts';
import type { Prober, Watch } from '../health/prober.ts';
import type { InstanceEvent, ProvidedInstance } from '../instances/provider.ts';
import { inSeconds } from '../instances/wording.ts';
import type { BreakerView, FleetSink, InstanceState, InstanceView } from './fleet-sink.ts';
import { type Change, type Facts, NEW_INSTANCE, stateOf, transition, usable } from './fleet-state.ts';

export interface MemberContext {
	readonly service: string;
	readonly pool: string;
	readonly sink: FleetSink;
	readonly prober: Prober;
	target(instance: ProvidedInstance): ProbeTarget;
	event(event: InstanceEvent): void;
	/** The state or the life of the member changed. */
	changed(member: Member): void;
	/** A probe came to an end. */
	probed(outcome: Outcome, tookMs: number): void;
	/** What a probe found. */
	reached(member: Member, up: boolean, why: string): void;
	/** It is about to become ready: its weight may be changed by `setPart` before. */
	readying(member: Member): void;
	/** Its breaker, as it is to be shown. */
	breaker(member: Member): BreakerView;
}

/** An event of its own, where a change of the state would not say enough. */
export type Told = Omit<InstanceEvent, 'instance'>;

/** Until a failed `add` is tried again, ms. */
const RETRY_MS = 1000;

export class Member {
	provided: ProvidedInstance;
	/** A drain for good is under way; once `ending`, so is the end of its process. */
	departing = false;
	ending = false;
	/** Epoch ms since when it serves on although it is to leave; null: it does not. */
	heldSince: number | null = null;
	readonly #context: MemberContext;
	#facts: Facts;
	#state: InstanceState = 'starting';
	#since = Date.now();
	#note = '';
	/** Why it is ejected. */
	#ejection = '';
	/** Used although it is not ready. */
	#used = false;
	/** The part of its weight that it gets, 0…1. */
	#part = 1;
	/** What the workers were told of its state. */
	#shown: InstanceState = 'starting';
	#watch: Watch | null = null;
	#watchedEpoch = -1;
	/** This core saw the present life begin. */
	#sawStart = false;
	#wasReady = false;
	#slot = -1;
	#slotEpoch = -1;
	/** The life that the data plane should know; null: none. */
	#wantedEpoch: number | null = null;
	#syncing: Promise<void> | null = null;
	#retry: NodeJS.Timeout | undefined;
	#closed = false;
	#drainedBy: string | null;

	/** @param drainedBy see `setDrained` */
	constructor(provided: ProvidedInstance, drainedBy: string | null, context: MemberContext) {
		this.provided = provided;
		this.#context = context;
		this.#drainedBy = drainedBy;
		this.#facts = { ...NEW_INSTANCE, drained: drainedBy !== null };
	}

	get id(): string {
		return this.provided.id;
	}

	get state(): InstanceState {
		return this.#state;
	}

	/** Epoch ms since when it is in its state. */
	get since(): number {
		return this.#since;
	}

	get leaving(): boolean {
		return this.#facts.life === 'leaving';
	}

	/** The operator drained it, or its region. */
	get drained(): boolean {
		return this.#facts.drained;
	}

	/** Its probes are good, whatever else holds it back. */
	get healthy(): boolean {
		return this.#facts.verdict === 'healthy' && !this.#facts.drained;
	}

	/** Requests can come to it: it is ready and the workers know it. */
	get serving(): boolean {
		return this.#state === 'ready' && this.#slot >= 0;
	}

	/** Its place on the board; -1 while the workers do not know it. */
	get slot(): number {
		return this.#slot;
	}

	/** It was ready in its present life and is to stay: it counts as a part of its pool. */
	get counts(): boolean {
		const { life, drained, proven, verdict } = this.#facts;
		return this.#slot >= 0 && proven && !drained && life !== 'leaving' && verdict !== 'draining';
	}

	/** It would be ready, were it not ejected. */
	get fit(): boolean {
		return stateOf({ ...this.#facts, ejected: false }) === 'ready' && this.#slot >= 0;
	}

	/** Its probes took it out, since it could not be connected to. */
	get unreachable(): boolean {
		return this.#facts.verdict === 'unhealthy' && this.#facts.contact === 'none';
	}

	/** Whether it could be used although it is not ready. */
	get usable(): 'yes' | 'silent' | 'no' {
		return usable(this.#facts);
	}

	get inFlight(): number {
		return this.#slot < 0 ? 0 : this.#context.sink.inFlight(this.#slot);
	}

	view(): InstanceView {
		const { id, host, port, tls, weight, pid, restarts } = this.provided;
		return {
			id,
			service: this.#context.service,
			pool: this.#context.pool,
			host,
			port,
			tls,
			weight: weight * this.#part,
			state: this.#state,
			pid,
			since: this.#since,
			note: this.#usedNow() ? `${this.#note}; used all the same, since too few are ready` : this.#note,
			restarts,
			slot: this.#slot,
			breaker: this.#context.breaker(this),
		};
	}

	/** The provider's word. */
	update(provided: ProvidedInstance): void {
		const before = this.provided;
		const fresh = provided.epoch !== this.#watchedEpoch;
		this.provided = provided;
		if (provided.life === 'pending') {
			this.#sawStart = true;
			this.#wasReady = false;
		}
		if (provided.life === 'running') this.#wantedEpoch = provided.epoch;
		if (provided.life === 'pending' || provided.life === 'exited') this.#unwatch();
		// Whoever serves goes on until the service had a look at all that leave together: see `letGo`.
		const held = provided.life === 'leaving' && (this.leaving ? this.#facts.held : this.healthy);
		this.heldSince = held ? (this.heldSince ?? Date.now()) : null;
		this.#apply({ kind: 'life', life: provided.life, fresh, held }, provided.note);
		if (provided.life === 'running' && this.#watchedEpoch !== provided.epoch) this.#startWatch('unknown');
		if (before.weight !== provided.weight) this.#weigh();
		void this.#sync();
		this.#context.changed(this);
	}

	/** Takes it out of rotation by hand, or back in. @param by what the status says of it; null: it is not out */
	setDrained(by: string | null): void {
		if (by === this.#drainedBy) return;
		this.#drainedBy = by;
		this.#apply({ kind: 'drained', drained: by !== null }, by ?? '');
		if (by !== null && this.#state === 'draining') this.#note = by;
	}

	/** Takes it out, or lets requests try it again. `note` stays with its new state, `told` is the event. */
	setEjected(ejected: boolean, note: string, told: Told | null): void {
		this.#ejection = ejected ? note : '';
		this.#apply({ kind: 'ejected', ejected }, note, told);
	}

	/** Says something new of the state that it is in. */
	remark(note: string, told: Told): void {
		this.#note = note;
		this.#context.event({ instance: this.id, ...told });
	}

	/** Whether it is used although it is not ready, if it can be. */
	setUsed(used: boolean): void {
		this.#used = used;
		this.#show();
	}

	/** The part of its weight that it gets from now on, 0…1. */
	setPart(part: number): void {
		if (part === this.#part) return;
		this.#part = part;
		this.#weigh();
	}

	/** Requests failed there: it is probed at once. */
	suspect(): void {
		this.#watch?.suspect();
	}

	#weigh(): void {
		if (this.#slot >= 0) this.#context.sink.weight(this.#slot, this.provided.weight * this.#part);
	}

	/** It serves no longer: now it really leaves. */
	letGo(): void {
		this.heldSince = null;
		this.#apply({ kind: 'held', held: false }, this.provided.note);
	}

	/** Takes up changed settings of the probes and keeps the verdict until the next one. */
	probeAnew(): void {
		if (!this.#watch) return;
		this.#watch.stop();
		this.#startWatch(this.#watch.verdict);
	}

	/** Takes it out of the data plane: resolves once no worker uses it. */
	withdraw(): Promise<void> {
		this.#wantedEpoch = null;
		return this.#sync();
	}

	/** Ends it: probes stop, the data plane forgets it. */
	close(): Promise<void> {
		this.#closed = true;
		this.#unwatch();
		clearTimeout(this.#retry);
		this.#shown = 'down';
		if (this.#slot >= 0) this.#context.sink.state(this.#slot, 'down');
		return this.withdraw();
	}

	#startWatch(verdict: Verdict): void {
		this.#watchedEpoch = this.provided.epoch;
		this.#watch = this.#context.prober.watch(
			this.#context.target(this.provided),
			(next, outcome, tookMs) => {
				this.#context.probed(outcome, tookMs);
				this.#judge(next, outcome);
			},
			verdict,
		);
	}

	#unwatch(): void {
		this.#watch?.stop();
		this.#watch = null;
		this.#watchedEpoch = -1;
	}

	#judge(verdict: Verdict, outcome: Outcome): void {
		const why = outcome.kind === 'failed' ? outcome.why : '';
		const note = { up: '', draining: 'it asks for no more requests', failed: `its probe failed: ${why}` }[outcome.kind];
		const before = this.#facts.verdict;
		const contact = outcome.kind === 'failed' ? { contact: outcome.contact } : {};
		this.#apply({ kind: 'verdict', verdict, ...contact }, note);
		this.#context.reached(this, verdict === 'healthy' && this.#slot >= 0, why);
		if (verdict !== before) this.#context.changed(this);
	}

	#apply(change: Change, note: string, told: Told | null = null): void {
		this.#facts = transition(this.#facts, change);
		const state = stateOf(this.#facts);
		const said = note || this.#standing();
		if (state === this.#state) {
			if (said !== '' && (state === 'starting' || state === 'down')) this.#note = said;
			this.#show();
			return;
		}
		this.#state = state;
		this.#since = Date.now();
		this.#note = state === 'ready' && change.kind !== 'ejected' ? '' : said;
		if (state === 'ready') this.#context.readying(this);
		this.#show();
		if (told === null) this.#tell(state);
		else this.#context.event({ instance: this.id, ...told });
	}

	/** Why it is held back, whatever happens besides. */
	#standing(): string {
		if (this.#drainedBy !== null) return this.#drainedBy;
		return this.fit ? this.#ejection : '';
	}

	#usedNow(): boolean {
		return this.#used && usable(this.#facts) !== 'no';
	}

	/** Tells the workers of its state, where that is news. */
	#show(): void {
		const shown = this.#usedNow() ? 'ready' : this.#state;
		if (this.#slot < 0 || shown === this.#shown) return;
		this.#shown = shown;
		this.#context.sink.state(this.#slot, shown);
	}

	/** One event for each change that the provider did not report itself. */
	#tell(state: InstanceState): void {
		if (state === 'starting' || this.#facts.life === 'exited' || this.#closed) return;
		const because = this.#note === '' ? '' : `: ${this.#note}`;
		const text = state === 'ready' ? this.#readyText() : `${this.id} ${state}${because}`;
		if (state === 'ready') this.#wasReady = true;
		this.#context.event({ instance: this.id, kind: state, level: state === 'down' ? 'warn' : 'info', text });
	}

	#readyText(): string {
		const { host, port, startedAt } = this.provided;
		const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
		if (this.#wasReady) return `${this.id} ready again on ${where}`;
		return `${this.id} ready${this.#sawStart ? ` after ${inSeconds(Date.now() - startedAt)}` : ''} on ${where}`;
	}

	/** Brings the data plane to the wanted life, one step at a time. */
	#sync(): Promise<void> {
		if (this.#inSync()) return Promise.resolve();
		this.#syncing ??= this.#steps();
		return this.#syncing;
	}

	#inSync(): boolean {
		return this.#syncing === null && this.#slotEpoch === (this.#wantedEpoch ?? -1);
	}

	async #steps(): Promise<void> {
		await null;
		try {
			while (this.#slotEpoch !== (this.#wantedEpoch ?? -1))
				await (this.#slot >= 0 ? this.#leaveSlot() : this.#takeSlot());
		} catch (error) {
			this.#failed(error);
		} finally {
			this.#syncing = null;
		}
	}

	#leaveSlot(): Promise<void> {
		const slot = this.#slot;
		this.#slot = -1;
		this.#slotEpoch = -1;
		return this.#context.sink.remove(slot);
	}

	async #takeSlot(): Promise<void> {
		const { sink } = this.#context;
		const epoch = this.#wantedEpoch as number;
		const { slot: _, ...view } = this.view();
		this.#slot = await sink.add({ ...view, state: 'starting' });
		this.#slotEpoch = epoch;
		this.#shown = this.#closed ? 'down' : this.#state;
		sink.state(this.#slot, this.#shown);
		if (this.provided.weight * this.#part !== view.weight) this.#weigh();
		if (this.#closed || this.#facts.verdict !== 'healthy') return;
		this.#context.reached(this, true, '');
		this.#context.changed(this);
	}

	#failed(error: unknown): void {
		const text = `${this.id} could not be made known to the workers: ${error instanceof Error ? error.message : String(error)}`;
		this.#context.event({ instance: this.id, kind: 'internal', level: 'error', text });
		if (!this.#closed) this.#retry = setTimeout(() => void this.#sync(), RETRY_MS);
	}
}
