/** Instances that are processes on this machine: started, watched, restarted and replaced here. */
import { BallastError } from '../../core/errors.ts';
import type { RunConfig } from '../config.ts';
import type { RunningProcess } from '../process-host.ts';
import type {
	InstanceEvent,
	LearnsStartTimes,
	ProvidedInstance,
	Provider,
	ProviderWatcher,
	Resizable,
	Restartable,
} from '../provider.ts';
import { launchHash } from './launch-hash.ts';
import type { Processes } from './processes.ts';
import { Roll } from './roll.ts';
import { bestSizes } from './sizes/best-sizes.ts';
import type { ProcessSizes } from './sizes/process-sizes.ts';
import { StartTimes } from './start-times.ts';
import { INSTANCE_HOST, type Launch, Unit, type UnitOwner } from './unit.ts';

export interface RunOptions {
	/** What stands for the pool: `videos`, `videos/standby`. */
	service: string;
	config: RunConfig;
	processes: Processes;
	/** Instances to have. */
	desired: number;
	/** What holds processes to their size; default: the best that there is. */
	sizes?: ProcessSizes;
}

/** Between two looks at what was asked for meanwhile, ms. */
const SETTLED_MS = 20;
/** How often a passive provider looks at which processes there are, ms. */
const MIRROR_MS = 300;

export class RunProvider implements Provider<RunConfig>, Resizable, Restartable, LearnsStartTimes {
	readonly kind = 'run';
	readonly #owner: UnitOwner;
	readonly #units = new Map<string, Unit>();
	readonly #startTimes = new StartTimes();
	readonly #roll: Roll;
	readonly #ends = new Map<string, () => void>();
	#config: RunConfig;
	#hash: string;
	#desired: number;
	#born = 0;
	/** Units born before this are outdated whatever their hash. */
	#restartMark = 0;
	#watcher: ProviderWatcher | null = null;
	#active = false;
	#retired = false;
	/** The command could be started, once at least. */
	#proven = false;
	#toldHopeless = false;
	#toldSizes = false;
	#mirror: NodeJS.Timeout | undefined;

	constructor(options: RunOptions) {
		this.#config = options.config;
		this.#hash = launchHash(options.config);
		this.#desired = options.desired;
		const event = (event: InstanceEvent) => this.#watcher?.event(event);
		this.#owner = {
			service: options.service,
			processes: options.processes,
			renew: (unit) => ({ config: this.#config, hash: this.#hash, born: unit.launch.born }),
			changed: (unit) => this.#changed(unit),
			gone: (unit) => this.#gone(unit),
			started: (afterMs) => this.#startTimes.add(afterMs),
			hopeless: (why) => this.#hopeless(why),
			sizes: () => this.#sizes(options.sizes ?? bestSizes()),
			event,
		};
		this.#roll = new Roll({
			service: options.service,
			nextOutdated: () => this.#nextOutdated(),
			surge: () => this.#add(true),
			swap: (old, fresh) => this.#swap(old, fresh),
			outdated: (unit) => this.#outdated(unit),
			discard: (fresh) => fresh.leave('it never became ready'),
			active: () => this.#active && !this.#retired,
			event,
		});
	}

	get desired(): number {
		return this.#desired;
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

	list(): readonly ProvidedInstance[] {
		return [...this.#units.values()].map((unit) => unit.view());
	}

	watch(watcher: ProviderWatcher): void {
		this.#watcher = watcher;
		this.#adopt();
		if (!this.#active) this.#startMirror();
	}

	apply(config: RunConfig): void {
		const hash = launchHash(config);
		if (hash !== this.#hash) this.#toldHopeless = false;
		this.#config = config;
		this.#hash = hash;
		for (const unit of this.#units.values()) {
			if (unit.launch.hash !== hash) continue;
			unit.launch = { ...unit.launch, config };
			unit.giveSize();
		}
		// The roll that waits for it goes on with what is wanted now.
		for (const unit of this.#units.values())
			if (unit.surge && this.#outdated(unit)) unit.leave('its configuration changed');
		this.#reconcile();
		this.#replaceOutdated();
	}

	setActive(active: boolean): void {
		if (active === this.#active) return;
		if (active) {
			clearInterval(this.#mirror);
			this.#adopt();
			this.#active = true;
			for (const unit of this.#units.values()) unit.setPassive(false);
			this.#reconcile();
			this.#replaceOutdated();
			return;
		}
		this.#active = false;
		for (const unit of [...this.#units.values()]) {
			if (unit.setPassive(true) && !this.#retired) this.#changed(unit);
			else this.#forget(unit);
		}
		for (const ended of this.#ends.values()) ended();
		this.#ends.clear();
		this.#startMirror();
	}

	reached(id: string, up: boolean, why: string): void {
		if (up) this.#proven = true;
		this.#units.get(id)?.reached(up, why);
	}

	async remove(id: string, killAt: number): Promise<void> {
		await this.#units.get(id)?.end(killAt);
	}

	resize(count: number): void {
		this.#desired = count;
		this.#reconcile();
	}

	async settled(): Promise<string | null> {
		for (;;) {
			if (!this.#active) return 'this core does not lead';
			const wanted = [...this.#units.values()].filter((unit) => !unit.leaving && !unit.surge);
			for (const unit of wanted) {
				const failure = await unit.settled;
				// What left meanwhile is not wanted any more.
				if (failure !== null && !unit.leaving) return failure;
			}
			if (wanted.every((unit) => !unit.leaving) && wanted.length >= this.#desired) return null;
			await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
		}
	}

	retire(): void {
		this.#retired = true;
		this.#desired = 0;
		for (const unit of [...this.#units.values()]) {
			if (this.#active) unit.leave('it is no longer wanted');
			else this.#forget(unit);
		}
	}

	async restart(): Promise<void> {
		this.#restartMark = this.#born + 1;
		await this.#roll.run();
		if (this.#active || ![...this.#units.values()].some((unit) => this.#outdated(unit))) return;
		const { service } = this.#owner;
		const message = `${service}: the restart was cut off: another core leads now; \`ballast restart\` begins it anew`;
		throw new BallastError('command_failed', message, { service });
	}

	close(): void {
		clearInterval(this.#mirror);
		this.#active = false;
		for (const unit of this.#units.values()) unit.close();
	}

	/** Said once: what holds instances to their size here, and what nothing does. */
	#sizes(sizes: ProcessSizes): ProcessSizes {
		if (this.#toldSizes) return sizes;
		this.#toldSizes = true;
		const { cpu, memory } = sizes.holds;
		const free = [...(cpu ? [] : ['CPU']), ...(memory ? [] : ['memory'])].join(' and ');
		const lack = free === '' ? '' : `; ${free} is not bounded, for want of cgroups`;
		const text = `${this.#owner.service}: instances are held to their size by ${sizes.kind}${lack}`;
		this.#owner.event({ instance: null, kind: 'size', level: 'info', text });
		return sizes;
	}

	/** Said loudly, and once: what has worked before is more likely to be mended than to have been wrong. */
	#hopeless(why: string): void {
		if (this.#proven || this.#toldHopeless) return;
		this.#toldHopeless = true;
		const text = `the command cannot be started: ${why}`;
		this.#owner.event({ instance: null, kind: 'cannot_start', level: 'error', text });
	}

	#changed(unit: Unit): void {
		if (this.#units.get(unit.id) === unit) this.#watcher?.changed(unit.view());
	}

	#gone(unit: Unit): void {
		if (this.#units.get(unit.id) !== unit) return;
		this.#units.delete(unit.id);
		this.#ends.get(unit.id)?.();
		this.#ends.delete(unit.id);
		this.#watcher?.gone(unit.id);
		this.#reconcile();
	}

	/** Lets go of a unit whose process, if any, goes on without it. */
	#forget(unit: Unit): void {
		unit.close();
		this.#gone(unit);
	}

	/** Brings the number of instances to what is desired; those of a roll come on top. */
	#reconcile(): void {
		if (!this.#active || this.#retired) return;
		const kept = [...this.#units.values()].filter((unit) => !unit.leaving && !unit.surge);
		for (let missing = this.#desired - kept.length; missing > 0; missing--) this.#add(false);
		if (kept.length <= this.#desired) return;
		// First those that serve nobody, then those to be replaced anyway, then the youngest.
		const rank = (unit: Unit) =>
			(unit.readyAt === null ? 2e9 : 0) + (this.#outdated(unit) ? 1e9 : 0) + unit.launch.born;
		kept.sort((a, b) => rank(b) - rank(a));
		for (const unit of kept.slice(0, kept.length - this.#desired)) unit.leave('fewer instances are wanted');
	}

	#add(surge: boolean): Unit {
		const unit = new Unit(this.#freeId(), { config: this.#config, hash: this.#hash, born: ++this.#born }, this.#owner);
		unit.surge = surge;
		this.#units.set(unit.id, unit);
		void unit.start();
		return unit;
	}

	#freeId(): string {
		const { service, processes } = this.#owner;
		const running = new Set(processes.list().map((process) => process.id));
		const taken = (id: string) => this.#units.has(id) || processes.owned(id) || running.has(id);
		const prefix = service.replace('/', '-');
		let number = 1;
		while (taken(`${prefix}-${number}`)) number++;
		return `${prefix}-${number}`;
	}

	#outdated(unit: Unit): boolean {
		return unit.launch.hash !== this.#hash || unit.launch.born < this.#restartMark;
	}

	#nextOutdated(): Unit | undefined {
		if (!this.#active || this.#retired) return undefined;
		const outdated = [...this.#units.values()].filter((unit) => !unit.leaving && this.#outdated(unit));
		return outdated.sort((a, b) => a.launch.born - b.launch.born)[0];
	}

	/** A changed configuration: a failure was reported as an event and leaves the old instances. */
	#replaceOutdated(): void {
		if (this.#nextOutdated()) this.#roll.run().catch(() => {});
	}

	#swap(old: Unit, fresh: Unit): Promise<void> {
		fresh.surge = false;
		if (this.#units.get(old.id) !== old) {
			this.#reconcile();
			return Promise.resolve();
		}
		const ended = new Promise<void>((resolve) => {
			this.#ends.set(old.id, resolve);
		});
		old.leave(`replaced by ${fresh.id}`);
		this.#reconcile();
		return ended;
	}

	#startMirror(): void {
		clearInterval(this.#mirror);
		this.#mirror = setInterval(() => this.#adopt(), MIRROR_MS);
	}

	/** Takes up the processes of this service that run already, and forgets those that do not. */
	#adopt(): void {
		if (this.#retired) return;
		const { service, processes } = this.#owner;
		const running = new Map(processes.list().map((process) => [process.id, process]));
		for (const unit of [...this.#units.values()]) {
			if (unit.pid !== null && running.get(unit.id)?.pid !== unit.pid) this.#forget(unit);
		}
		for (const process of running.values()) {
			if (process.labels['service'] !== service || !adoptable(process) || processes.owned(process.id)) continue;
			this.#proven = true;
			const unit = Unit.adopt(process, this.#launchOf(process), this.#owner);
			this.#units.set(unit.id, unit);
			const text = `${unit.id} taken over on ${INSTANCE_HOST}:${unit.port} (pid ${process.pid})`;
			this.#owner.event({ instance: unit.id, kind: 'adopted', level: 'info', text });
			unit.setPassive(!this.#active);
			this.#changed(unit);
		}
	}

	/** What a process was started from is known by its hash only: its next start takes the present configuration. */
	#launchOf(process: RunningProcess): Launch {
		return { config: this.#config, hash: process.labels['hash'] ?? '', born: ++this.#born };
	}
}

/** Whether the labels of a process tell where it can be reached. */
export function adoptable(process: RunningProcess): boolean {
	const port = Number(process.labels['port']);
	return Number.isInteger(port) && port > 0 && port < 65536;
}
