/** The instances of all services and their health: what the control plane knows and does about them. */
import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import { Prober } from '../health/prober.ts';
import type { ProcessHost } from '../instances/process-host.ts';
import type { InstanceEvent } from '../instances/provider.ts';
import { Processes } from '../instances/run/processes.ts';
import { inSeconds } from '../instances/wording.ts';
import { untilIdle } from './fleet-drain.ts';
import type { Member } from './fleet-member.ts';
import { endOrphans } from './fleet-orphans.ts';
import { ServiceFleet } from './fleet-service.ts';
import type { FleetEvent, FleetSink, InstanceView } from './fleet-sink.ts';
import { FleetMemory, isCount } from './fleet-snapshot.ts';

export type { FleetEvent, FleetSink, InstanceState, InstanceView } from './fleet-sink.ts';

export interface FleetOptions {
	sink: FleetSink;
	host: ProcessHost;
	/** Begins as a mirror of what runs: see `activate`. Default false. */
	passive?: boolean;
}

export interface ServiceReadiness {
	service: string;
	ready: number;
	/** Instances that there are, those that leave not counted. */
	total: number;
	desired: number;
	/** Instances that are on their way. */
	starting: number;
	/** How long one may take to start, ms; null: they are not Ballast's to start. */
	startMs: number | null;
	/** Learned median from start to ready, ms; null: none known, or not Ballast's to start. */
	startTimeMs: number | null;
}

/** Instances of one service, at most: a slip of the keyboard must not start a million processes. */
const MOST_INSTANCES = 1000;

export class Fleet {
	readonly #sink: FleetSink;
	readonly #processes: Processes;
	readonly #prober = new Prober();
	readonly #memory = new FleetMemory();
	readonly #services = new Map<string, ServiceFleet>();
	readonly #taps = new Set<(event: FleetEvent) => void>();
	#active: boolean;
	#stopped = false;
	#graceMs = 30_000;

	constructor(options: FleetOptions) {
		this.#sink = options.sink;
		this.#processes = new Processes(options.host);
		this.#active = options.passive !== true;
	}

	get active(): boolean {
		return this.#active;
	}

	/**
	 * Takes a configuration, the first as well as each reload: unchanged services stay untouched,
	 * removed ones are drained, changed instances are replaced. Waits for no instance.
	 */
	async apply(config: Config): Promise<void> {
		if (this.#stopped) return;
		this.#graceMs = config.stop.graceMs;
		for (const service of config.services) {
			const known = this.#services.get(service.name);
			if (known) known.apply(service, config.stop.graceMs);
			else this.#services.set(service.name, this.#create(service, config.stop.graceMs));
		}
		const names = new Set(config.services.map((service) => service.name));
		for (const [name, service] of this.#services) if (!names.has(name)) this.#retire(name, service);
		this.#sort(config);
		if (this.#active) this.#endOrphans();
	}

	/** Takes over what an earlier core's `snapshot` holds; before or after `apply`, and again if need be. */
	adopt(snapshot: unknown): void {
		this.#memory.load(snapshot);
		for (const service of this.#services.values()) service.recall();
	}

	/** For the core that follows; JSON. The instances themselves it learns of from the process host. */
	snapshot(): unknown {
		for (const service of this.#services.values()) service.remember();
		return this.#memory.save();
	}

	/** From here on this fleet starts, stops and replaces instances; before, it only mirrors and probes them. */
	activate(): void {
		if (this.#active || this.#stopped) return;
		this.#active = true;
		for (const service of this.#services.values()) service.setActive(true);
		this.#endOrphans();
	}

	/** Back to a mirror, for the time in which another core leads and this one drains. Stops no process. */
	deactivate(): void {
		if (!this.#active || this.#stopped) return;
		this.#active = false;
		for (const service of this.#services.values()) service.setActive(false);
	}

	/** All instances, in the order of the configuration. */
	list(): InstanceView[] {
		return this.#members().map((member) => member.view());
	}

	ready(): ServiceReadiness[] {
		return [...this.#services.values()]
			.filter((service) => !service.retired)
			.map((service) => ({
				service: service.name,
				ready: service.members.filter((member) => member.serving).length,
				total: service.members.filter((member) => !member.leaving).length,
				desired: service.desired,
				starting: service.members.filter((member) => member.state === 'starting' && !member.leaving).length,
				startMs: service.startMs,
				startTimeMs: service.startTimeMs,
			}));
	}

	/**
	 * Replaces the instances of one service, or of all that Ballast runs, one by one.
	 * @throws BallastError `unknown_service`, `bad_command`, `start_failed` when a new instance never became ready
	 */
	async restart(service: string | null, onLine: (line: string) => void): Promise<void> {
		this.#mustLead();
		const chosen = service === null ? this.#restartable() : [this.#service(service)];
		for (const each of chosen) {
			await this.#told(each.name, onLine, () => each.restart());
		}
	}

	/** Tells what happens to a service while something is done. */
	async #told(service: string, onLine: (line: string) => void, work: () => Promise<void>): Promise<void> {
		const tap = (event: FleetEvent) => event.service === service && onLine(event.text);
		this.#taps.add(tap);
		try {
			await work();
		} finally {
			this.#taps.delete(tap);
		}
	}

	/**
	 * Sets the number of instances, until the service's `scale` in the configuration changes.
	 * @throws BallastError `unknown_service`, `bad_command`
	 */
	scale(service: string, count: number): void {
		this.#mustLead();
		if (!isCount(count) || count > MOST_INSTANCES) {
			throw new BallastError(
				'bad_command',
				`the number of instances must be a whole number from 0 to ${MOST_INSTANCES}`,
			);
		}
		this.#service(service).scale(count);
	}

	/**
	 * Resolves once a service has as many instances as it is to have, each of them ready once.
	 * @throws BallastError `unknown_service`, `start_failed` when one does not become ready; it is tried again
	 */
	async settled(service: string, onLine: (line: string) => void): Promise<void> {
		const each = this.#service(service);
		await this.#told(each.name, onLine, () => each.settled());
	}

	/**
	 * Takes one instance out of rotation and leaves it running. Resolves once nothing is in flight
	 * there, or at the end of its grace period.
	 * @throws BallastError `unknown_instance`
	 */
	async drain(instance: string, onLine: (line: string) => void): Promise<void> {
		this.#mustLead();
		const { member, service } = this.#member(instance);
		this.#memory.drained.add(instance);
		member.setDrained(true);
		const { inFlight } = member;
		onLine(`${instance} takes no more requests; ${inFlight} in flight`);
		const until = Date.now() + service.graceMs;
		const left = await untilIdle(
			() => member.inFlight,
			() => until,
			() => false,
		);
		if (left === 0) onLine(`${instance} is drained and keeps running`);
		else onLine(`${instance} still has ${left} in flight after ${inSeconds(service.graceMs)}`);
	}

	/** Takes a drained instance back in. @throws BallastError `unknown_instance` */
	undrain(instance: string): void {
		this.#mustLead();
		const { member } = this.#member(instance);
		this.#memory.drained.delete(instance);
		member.setDrained(false);
	}

	/**
	 * Drains all instances and ends those that Ballast runs: SIGTERM once drained, SIGKILL after
	 * `graceMs`. While passive no process is touched.
	 */
	async stop(graceMs: number): Promise<void> {
		this.#stopped = true;
		const services = [...this.#services.values()];
		if (this.#active) await Promise.all(services.map((service) => service.stop(graceMs)));
		await Promise.all(services.map((service) => service.close()));
	}

	#create(service: Config['services'][number], graceMs: number): ServiceFleet {
		return new ServiceFleet(service, graceMs, {
			sink: this.#sink,
			prober: this.#prober,
			processes: this.#processes,
			memory: this.#memory,
			active: () => this.#active,
			event: (name, event) => this.#event(name, event),
		});
	}

	#retire(name: string, service: ServiceFleet): void {
		if (service.retired && service.members.length > 0) return;
		void service.retire().then(() => {
			if (this.#services.get(name) === service && service.retired) this.#services.delete(name);
		});
	}

	#sort(config: Config): void {
		for (const { name } of config.services) {
			const service = this.#services.get(name) as ServiceFleet;
			this.#services.delete(name);
			this.#services.set(name, service);
		}
	}

	#endOrphans(): void {
		endOrphans(this.#processes, this.#graceMs, (service, event) => this.#event(service, event));
	}

	#event(service: string, event: InstanceEvent): void {
		// The core that leads speaks; a mirror would say everything a second time.
		if (!this.#active) return;
		const line: FleetEvent = { service, ...event };
		this.#sink.event(line);
		for (const tap of this.#taps) tap(line);
	}

	#members(): Member[] {
		return [...this.#services.values()].flatMap((service) => service.members);
	}

	#restartable(): ServiceFleet[] {
		const chosen = [...this.#services.values()].filter((service) => service.restartable);
		if (chosen.length === 0) throw new BallastError('bad_command', 'no service here has instances that Ballast runs');
		return chosen;
	}

	#service(name: string): ServiceFleet {
		const service = this.#services.get(name);
		if (service && !service.retired) return service;
		const names = [...this.#services.keys()].join(', ');
		throw new BallastError('unknown_service', `there is no service '${name}'; there are: ${names}`, { service: name });
	}

	#member(id: string): { member: Member; service: ServiceFleet } {
		for (const service of this.#services.values()) {
			const member = service.members.find((each) => each.id === id && !each.leaving);
			if (member) return { member, service };
		}
		const ids = this.#members().map((member) => member.id);
		throw new BallastError('unknown_instance', `there is no instance '${id}'; there are: ${ids.join(', ')}`, {
			instance: id,
		});
	}

	#mustLead(): void {
		if (this.#active && !this.#stopped) return;
		const why = this.#stopped ? 'it is stopping' : 'another core leads at present';
		throw new BallastError('command_failed', `this core does not change instances now: ${why}`);
	}
}
