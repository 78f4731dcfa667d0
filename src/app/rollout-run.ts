/** One roll-out: looks at both versions a few times a second, and does what is decided. */
import { formatDuration } from '../core/units.ts';
import type { DeployConfig } from '../deploy/config.ts';
import { begin, type Decision, decide, type Order, type Rollout, type Seen } from '../deploy/rollout.ts';
import type { Durations } from '../deploy/sample.ts';
import { stagesOf, stageText } from '../deploy/stages.ts';
import { type Counters, Tally } from '../deploy/tally.ts';
import type { PoolReadiness } from './fleet.ts';
import type { FleetEvent, InstanceView } from './fleet-sink.ts';
import type { RolloutTraffic } from './rollout-traffic.ts';
import { type RolloutView, viewOf } from './rollout-view.ts';

/** What a roll-out needs of the node. */
export interface RolloutPort {
	ready(): readonly PoolReadiness[];
	list(): readonly InstanceView[];
	/** Hears each event of the instances, until the function that it gives is called. */
	listen(tap: (event: FleetEvent) => void): () => void;
	readonly counters: Counters;
	readonly durations: Durations;
	/** Has so many instances of the new version from now on. */
	resize(count: number): Promise<void>;
	/** The new version takes the place of the old one, whose instances leave. Resolves once they are gone. */
	promote(): Promise<void>;
	/** The new version's instances leave. Resolves once they are gone. */
	drop(): Promise<void>;
	event(level: 'info' | 'warn' | 'error', text: string, kind?: string): void;
}

export interface RolloutOf {
	readonly service: string;
	readonly config: DeployConfig;
	/** Names of the pools. */
	readonly old: string;
	readonly fresh: string;
	/** The command of the new version. */
	readonly command: string;
	readonly traffic: RolloutTraffic;
}

export interface Ended {
	readonly outcome: 'promoted' | 'rolled_back';
	/** One sentence. */
	readonly text: string;
}

const TICK_MS = 250;
/** Between two lines that say how far a step is. */
const PROGRESS_MS = 10_000;
/** What an instance tells when it cannot be counted on. */
const FAULTS = ['exited', 'start_timeout', 'crash_loop'];

export class RolloutRun {
	readonly of: RolloutOf;
	readonly ended: Promise<Ended>;
	readonly #port: RolloutPort;
	readonly #lines = new Set<(line: string) => void>();
	readonly #began = performance.now();
	readonly #old: Tally;
	readonly #fresh: Tally;
	readonly #silence: () => void;
	#timer: NodeJS.Timeout | undefined;
	#rollout: Rollout;
	#seen: Seen;
	/** Attempts before it had requests of its own, which were copies; null: it has had none of its own. */
	#copies: number | null = null;
	#want = 0;
	#fault: string | null = null;
	#progressAt = performance.now();
	#settle: (ended: Ended) => void = () => {};
	#closed = false;
	/** Somebody wants it to end. */
	#onOrder = false;

	constructor(of: RolloutOf, port: RolloutPort) {
		this.of = of;
		this.#port = port;
		const { counters, durations } = port;
		this.#old = new Tally(counters, durations.buckets, this.#slots(of.old));
		this.#fresh = new Tally(counters, durations.buckets, []);
		this.#seen = this.#look();
		this.#rollout = begin(performance.now(), this.#seen);
		this.ended = new Promise((resolve) => {
			this.#settle = resolve;
		});
		this.#silence = port.listen((event) => this.#hear(event));
	}

	start(): void {
		this.#timer = setInterval(() => this.#tick(null), TICK_MS);
		this.#tell('info', `the new version \`${this.of.command}\` starts beside the old one`);
		this.#tick(null);
	}

	/** Hears what happens from now on. */
	follow(line: (text: string) => void): () => void {
		this.#lines.add(line);
		return () => this.#lines.delete(line);
	}

	order(order: Order): void {
		if (order.kind === 'abort') this.#onOrder = true;
		this.#tick(order);
	}

	/** This core decides nothing any more: the old version has all requests, and who follows ends the new one. */
	abandon(why: string): void {
		if (this.#closed) return;
		this.of.traffic.set(null);
		this.#onOrder = true;
		this.#finish('rolled_back', `${this.of.service}: rolled back: ${why}`);
	}

	view(): RolloutView {
		return viewOf(this.of, { rollout: this.#rollout, seen: this.#seen }, this.#port.durations);
	}

	#tick(order: Order | null): void {
		const { phase } = this.#rollout;
		if (this.#closed || phase === 'promoting' || phase === 'back') return;
		this.#seen = this.#look();
		const rules = { config: this.of.config, durations: this.#port.durations };
		const now = performance.now();
		const decision = decide({ rollout: this.#rollout, rules, seen: this.#seen, now }, order);
		this.#rollout = decision.rollout;
		this.#act(decision);
		if (decision.news !== null) this.#tell('info', decision.news);
		else if (now - this.#progressAt >= PROGRESS_MS) this.#progress();
	}

	#act({ rollout, stage, want }: Decision): void {
		if (rollout.phase === 'promoting') void this.#promote();
		else if (rollout.phase === 'back') void this.#back();
		else {
			this.of.traffic.set(stage);
			if (stage !== null && stage.kind !== 'mirror') this.#copies ??= this.#seen.fresh.attempts;
			if (want === this.#want) return;
			this.#want = want;
			this.#port.resize(want).catch((error) => this.#failed(error));
		}
	}

	async #promote(): Promise<void> {
		const { service, traffic } = this.of;
		traffic.set('all');
		try {
			await this.#port.promote();
		} catch (error) {
			// The old version is still there, whole.
			traffic.set(null);
			this.#rollout = { ...this.#rollout, phase: 'judging' };
			this.#failed(error);
			return;
		}
		this.#finish('promoted', `${service}: promoted after ${this.#lasted()}: ${this.#rollout.why}`);
	}

	async #back(): Promise<void> {
		const { service, traffic, config } = this.of;
		traffic.set(null);
		const { stage, why } = this.#rollout;
		const stages = stagesOf(config);
		const found = stages[stage];
		const where =
			this.#copies !== null && found !== undefined
				? `in step ${stage + 1} of ${stages.length} (${stageText(found)})`
				: 'before it had a request';
		const text = `${service}: rolled back ${where}: ${why}; ${this.#touched()}`;
		this.#tell('warn', `rolling back: ${why}`);
		await this.#port.drop().catch((error) => this.#port.event('error', `${service}: ${String(error)}`));
		this.#finish('rolled_back', text);
	}

	#finish(outcome: Ended['outcome'], text: string): void {
		if (this.#closed) return;
		this.#closed = true;
		clearInterval(this.#timer);
		this.#silence();
		const level = outcome === 'promoted' ? 'info' : this.#onOrder ? 'warn' : 'error';
		this.#port.event(level, text.slice(this.of.service.length + 2), this.#onOrder ? '' : outcome);
		this.#settle({ outcome, text });
	}

	#failed(error: unknown): void {
		this.#fault ??= error instanceof Error ? error.message : String(error);
	}

	#hear({ service, pool, kind, cause, text }: FleetEvent): void {
		if (service !== this.of.service || pool !== this.of.fresh) return;
		this.#line(text);
		if (FAULTS.includes(kind)) this.#fault ??= cause ?? text;
	}

	#look(): Seen {
		const { old, fresh, service, traffic } = this.of;
		this.#old.take(this.#slots(old));
		this.#fresh.take(this.#slots(fresh));
		const pools = this.#port.ready().filter((pool) => pool.service === service);
		return {
			desired: pools.find(({ pool }) => pool === old)?.desired ?? 0,
			ready: pools.find(({ pool }) => pool === fresh)?.ready ?? 0,
			fault: this.#fault,
			old: this.#old.sample(),
			fresh: this.#fresh.sample(),
			copied: traffic.copied(),
		};
	}

	#slots(pool: string): number[] {
		const all = this.#port.list().filter((each) => each.service === this.of.service && each.pool === pool);
		return all.flatMap(({ slot }) => (slot < 0 ? [] : [slot]));
	}

	#tell(level: 'info' | 'warn', text: string): void {
		this.#progressAt = performance.now();
		this.#port.event(level, text);
		this.#line(`${this.of.service}: ${text}`);
	}

	#progress(): void {
		const { stage, phase, why } = this.#rollout;
		this.#progressAt = performance.now();
		const { config, service } = this.of;
		const stages = stagesOf(config);
		if (phase === 'judging') this.#line(`${service}: step ${stage + 1} of ${stages.length}: ${why}`);
		else this.#line(`${service}: ${this.#seen.ready} of ${this.#want} instances of the new version are ready`);
	}

	#line(text: string): void {
		for (const line of this.#lines) line(text);
	}

	#touched(): string {
		const { old, fresh } = this.#seen;
		const own = this.#copies === null ? 0 : fresh.attempts - this.#copies;
		return `${own} of ${old.attempts + own} requests went to it`;
	}

	#lasted(): string {
		return formatDuration(Math.round((performance.now() - this.#began) / 1000) * 1000);
	}
}
