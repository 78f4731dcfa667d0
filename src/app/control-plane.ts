import type { Config } from '../config/config.ts';
import { maskConfig } from '../config/mask.ts';
import { Board } from '../core/board.ts';
import { MeterGroup } from '../metrics/counts.ts';
import { DetailGroup } from '../metrics/detail.ts';
import type { AdminViews, Readiness } from './admin.ts';
import { AdminPlace } from './admin-place.ts';
import { announce, announcement, deathOf } from './announcement.ts';
import { CacheKeeping } from './cache-keeping.ts';
import { CacheMemory } from './cache-memory.ts';
import { ConfigReload } from './config-reload.ts';
import type { Running } from './config-swap.ts';
import { ConfigWatch } from './config-watch.ts';
import type { Snapshot } from './core-snapshot.ts';
import { CountsHandover } from './counts-handover.ts';
import { EventLog, type Level } from './event-log.ts';
import { firstConfig } from './first-config.ts';
import { Fleet } from './fleet.ts';
import { InstanceEvents } from './instance-events.ts';
import { InstanceSlots } from './instance-slots.ts';
import { JobsLink } from './jobs-link.ts';
import { type Keeper, keeperLimits } from './keeper-port.ts';
import { giveLead, type Led, takeLead } from './lead.ts';
import { Listeners } from './listeners.ts';
import { NodeMonitor } from './node-monitor.ts';
import { carryOut } from './operator-commands.ts';
import { OverloadControl } from './overload-control.ts';
import type { PeerCores } from './peer-cores.ts';
import { PoolShares } from './pool-shares.ts';
import { Purging } from './purging.ts';
import { RateLimitTables } from './rate-limit-tables.ts';
import { readinessOf, untilServable } from './readiness.ts';
import { rolloutCounters } from './rollout-counters.ts';
import { Rollouts } from './rollouts.ts';
import { rolloutsPort } from './rollouts-port.ts';
import { Scaling } from './scaling/scaling.ts';
import { SeriesIndex } from './series-index.ts';
import { ServedPlan } from './served-plan.ts';
import { ServiceCellsIndex } from './service-cells-index.ts';
import { ServiceUpkeep } from './service-upkeep.ts';
import { drainOut, shutDown } from './shut-down.ts';
import type { ConfigSource } from './source.ts';
import { cacheStatus, nodeStatus, type Status } from './status.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { tellingProcesses } from './telling-processes.ts';
import { WorkerGroup } from './worker-group.ts';

/** The main thread of a core: configuration, instances, workers, listeners, and what is done with them. */
export class ControlPlane {
	readonly #keeper: Keeper;
	readonly #source: ConfigSource;
	readonly log = new EventLog();
	readonly #board = new Board();
	readonly #meters = { routes: new MeterGroup(), instances: new MeterGroup(), details: new DetailGroup() };
	readonly #monitor: NodeMonitor;
	readonly #scaling: Scaling;
	readonly #series = new SeriesIndex();
	readonly #cells = new ServiceCellsIndex();
	readonly #rateLimits = new RateLimitTables((event) => this.log.add(event));
	readonly #cache = new CacheMemory(this.log);
	readonly #overload = new OverloadControl(this.#cells, this.log);
	readonly #workers: WorkerGroup;
	readonly #slots: InstanceSlots;
	readonly #listeners: Listeners;
	readonly #fleet: Fleet;
	readonly #events: InstanceEvents;
	readonly #served: ServedPlan;
	readonly #rollouts: Rollouts;
	readonly #watch = new ConfigWatch(() => void this.reload().catch(() => {}));
	readonly #reloads: ConfigReload;
	readonly #upkeep: ServiceUpkeep;
	readonly #shares: PoolShares;
	readonly #counts: CountsHandover;
	readonly #startedAt = Date.now();
	readonly #admin: AdminPlace;
	readonly purging: Purging = new Purging(this.log, () => this.#keep(), this.#cache);
	#config!: Config;
	#queue: Promise<unknown> = Promise.resolve();
	#stopping = false;
	#name = '';

	constructor(keeper: Keeper, source: ConfigSource) {
		this.#keeper = keeper;
		this.#source = source;
		this.#events = new InstanceEvents(this.log, { single: source.single, giveUp: () => keeper.giveUp() });
		const [board, cells] = [this.#board, this.#cells];
		board.grow();
		const event = (level: Level, text: string): void => this.log.add({ level, subject: 'ballast', text });
		this.#workers = new WorkerGroup({
			board,
			cells,
			meters: this.#meters,
			records: (worker) => this.#monitor.rings.of(worker),
			instances: () => this.#slots.plans(),
			up: (id) => this.#served.jobs.connect(id),
			started: (id) => this.#listeners.restore(id),
			ended: (id) => this.#cache.lost(id, this.#workers),
			suspect: (slot) => this.#fleet.suspect(slot),
			guardChanged: (slot) => this.#fleet.guardChanged(slot),
			urlsChanged: (urls) => this.#cache.shared.changed(urls),
			event,
		});
		const jobs = new JobsLink(keeper.welcome, this.#workers, this.log);
		const indexes = { series: this.#series, cells, rateLimits: this.#rateLimits, cache: this.#cache, jobs };
		this.#served = new ServedPlan(this.#workers, indexes, this.#overload);
		this.#slots = new InstanceSlots({
			board,
			workers: this.#workers,
			meters: this.#meters.instances,
			changed: () => this.#upkeep.changed(),
			toPeer: (message) => keeper.toPeer(message),
			event: (happened) => this.#events.add(happened),
		});
		this.#slots.leads = keeper.welcome.active;
		const counted = { routes: () => this.#served.plan.series, instances: () => this.#slots.lives() };
		this.#counts = new CountsHandover(this.#meters, this.peers, counted);
		if (keeper.welcome.active) this.#counts.lead(null);
		this.#listeners = new Listeners(keeper, this.#workers, event);
		this.#admin = new AdminPlace(keeper, this.#views(), (text) => event('error', text));
		const host = tellingProcesses(keeper.processes, () => this.#config);
		const fleet = (this.#fleet = new Fleet({ sink: this.#slots, host, passive: !keeper.welcome.active }));
		this.#shares = new PoolShares({
			board,
			cells,
			fleet,
			event: (level, subject, text) => this.#slots.leads && this.log.add({ level, subject, text }),
		});
		const changed = () => {
			this.#shares.look();
			this.#workers.wake();
		};
		this.#upkeep = new ServiceUpkeep(cells, () => fleet.ready(), changed);
		this.#rollouts = this.#makeRollouts();
		this.#monitor = this.#makeMonitor();
		this.#scaling = this.#makeScaling(keeper.welcome.active);
		this.#reloads = this.#makeReloads();
	}

	#views(): AdminViews {
		return { readiness: () => this.readiness(), metrics: (accept) => this.#monitor.page(accept), purge: this.purging };
	}

	#makeRollouts(): Rollouts {
		return new Rollouts(
			rolloutsPort(this.#running(), {
				cells: this.#cells,
				counters: rolloutCounters(this.#board, this.#meters.instances),
				source: this.#source,
				config: () => this.#config,
				configured: (config) => (this.#config = config),
				alone: (work) => this.#alone(work),
				reshape: () => this.#reshape(),
			}),
		);
	}

	#makeScaling(leads: boolean): Scaling {
		return new Scaling({
			leads,
			fleet: this.#fleet,
			cells: this.#cells,
			deployments: this.#served.deployments,
			instances: this.#meters.instances,
			monitor: this.#monitor,
			log: this.log,
			keep: () => this.#keep(),
		});
	}

	#makeReloads(): ConfigReload {
		return new ConfigReload({
			source: this.#source,
			watch: this.#watch,
			log: this.log,
			alone: (work) => this.#alone(work),
			stopping: () => this.#stopping,
			running: () => this.#running(),
			config: () => this.#config,
			configured: (config) => (this.#config = config),
			done: () => {
				this.#keeper.limits(keeperLimits(this.#config));
				this.#keep();
			},
		});
	}

	#makeMonitor(): NodeMonitor {
		return new NodeMonitor(this.#keeper.welcome, {
			log: this.log,
			meters: this.#meters,
			workers: this.#workers,
			config: () => this.#config,
			plan: () => this.#served.plan,
			status: () => this.status(),
			instances: () => this.#fleet.list(),
			plans: () => this.#slots.plans(),
			short: () => this.#scaling.short(),
			stored: () => cacheStatus(this.#cache, this.purging),
			refused: () => this.#reloads.refused !== '',
		});
	}

	/** Loads, binds, starts. @throws BallastError `config_invalid`, `port_taken`, … when nothing can be served */
	async start(): Promise<void> {
		const { welcome, processes } = this.#keeper;
		processes.watch({ exited: () => {}, lines: (...printed) => this.log.output(...printed) });
		const snapshot = welcome.snapshot as Snapshot | null;
		const loaded = await this.#source.load();
		this.#name = (loaded.ok ? loaded.files[0] : snapshot?.name) ?? this.#source.name;
		const first = { log: this.log, refuse: (why: string) => this.#reloads.refuse(why) };
		this.#config = firstConfig(loaded, welcome.active ? snapshot : null, first);
		if (snapshot !== null) {
			this.#config = this.#served.deployments.takeOver(snapshot, this.#config);
			this.#listeners.ticketKeys = Buffer.from(snapshot.ticketKeys, 'base64');
			this.#fleet.adopt(snapshot.fleet);
		}
		this.#cache.keeping = new CacheKeeping(welcome.name, this.log, this.peers);
		const shaped = this.#served.begin(this.#config);
		this.#keeper.limits(keeperLimits(this.#config));
		// First of all: a port that is taken must start nothing, and what else is wrong must not be told before it.
		await this.#listeners.bind(this.#config.listen, this.#config.workers);
		this.#monitor.start();
		for (const event of deathOf(welcome.died, Date.now())) this.log.add(event);
		this.#shares.configure(this.#config.services);
		await Promise.all([this.#workers.start(this.#served.plan), this.#fleet.apply(shaped)]);
		if (welcome.generation > 1) await untilServable(() => this.#fleet.list(), welcome.active);
		await this.#listeners.serve(this.#config.listen, this.#config.workers);
		await this.#admin.serve(this.#config.admin);
		this.#scaling.start(this.#config, snapshot?.scaling);
		this.#everySecond();
		setInterval(() => this.#everySecond(), 1000);
		this.#overload.start(this.#workers, snapshot?.limits);
		this.purging.begin(welcome.name, this.#cache.shared);
		this.purging.configure(this.#config);
		if (welcome.active) await this.purging.adopt(snapshot);
		this.#keep();
		this.#events.start();
		this.#keeper.ready();
		if (welcome.active) {
			this.#cache.keeping?.begin(welcome.generation === 1);
			await this.#fleet.looked();
			announce(this.log, announcement(this.#config, this.#listeners.view(), this.#name));
			void this.#rollouts.endLeft();
		}
		if (this.#source.watch) await this.#watch.follow(loaded.files);
		setInterval(() => this.peers.report(), 100);
	}

	#keep(): void {
		this.#keeper.keep(this.snapshot());
	}

	snapshot(): Snapshot {
		return takeSnapshot(this.#running(), { config: this.#config, name: this.#name });
	}

	#everySecond(): void {
		this.#meters.routes.sample(this.#series.count);
		this.#meters.instances.sample(this.#board.slots);
		this.#upkeep.everySecond();
		this.#shares.look();
		this.#rateLimits.look();
		this.#monitor.everySecond();
		this.#scaling.everySecond();
	}

	readiness(): Readiness {
		const serves = this.#workers.view().some(({ state }) => state === 'ready');
		return readinessOf(this.#config, this.#fleet.ready(), { stopping: this.#stopping, serves });
	}

	/** Changes are made one at a time. */
	#alone<T>(work: () => Promise<T>): Promise<T> {
		const done = this.#queue.then(work);
		this.#queue = done.catch(() => {});
		return done;
	}

	reload(): Promise<string> {
		return this.#reloads.reload();
	}

	#running(): Running & Led {
		return {
			log: this.log,
			listeners: this.#listeners,
			workers: this.#workers,
			fleet: this.#fleet,
			served: this.#served,
			shares: this.#shares,
			admin: this.#admin,
			monitor: this.#monitor,
			scaling: this.#scaling,
			purging: this.purging,
			cache: this.#cache,
			overload: this.#overload,
			counts: this.#counts,
			slots: this.#slots,
		};
	}

	command(name: string, args: Record<string, unknown>, line: (text: string) => void): Promise<unknown> {
		const seen = this.#monitor.command(name, args, line) ?? this.#scaling.command(name, args);
		if (seen !== null) return seen;
		if (name === 'purge') return this.purging.purge(args);
		return carryOut(
			{ name, args, line },
			{
				fleet: this.#fleet,
				rollouts: this.#rollouts,
				status: () => this.status(),
				config: () => maskConfig(this.#config),
				reload: () => this.reload(),
				keep: () => this.#keep(),
				jobs: this.#served.jobs,
			},
		);
	}

	/** Takes up what configuration and deployments say now; the workers hear of it only where pools come or go. */
	async #reshape(): Promise<void> {
		this.#keep();
		await this.#fleet.apply(await this.#served.swap(this.#config, null));
	}

	status(): Status {
		return nodeStatus({
			...this.#running(),
			program: { ...this.#keeper.welcome, coreStartedAt: this.#startedAt },
			name: this.#name,
			config: this.#config,
			meters: this.#meters,
			cells: this.#cells,
			rateLimits: this.#rateLimits,
			rollouts: this.#rollouts,
			refused: this.#reloads.refused,
		});
	}

	/** Word from, or of, another core of this keeper. */
	get peers(): PeerCores {
		return this.#slots.peers;
	}

	lead(snapshot: unknown): void {
		const left = snapshot as Snapshot | null;
		takeLead(this.#running(), left);
		void this.#leadDeployments(left);
	}

	/** What the core before had deployed or was about to: known here before anything is ended that seems to belong to nobody. */
	async #leadDeployments(snapshot: Snapshot | null): Promise<void> {
		if (snapshot !== null) {
			this.#config = this.#served.deployments.takeOver(snapshot, this.#config);
			await this.#alone(() => this.#reshape()).catch((error) => this.#reloads.refuse(String(error)));
		}
		this.#fleet.activate();
		this.#keep();
		await this.#rollouts.endLeft();
	}

	/** Another core leads: nothing is started or stopped here any more. */
	yield(): Snapshot {
		this.#rollouts.abandon('another core takes over; `ballast deploy` begins anew');
		const snapshot = { ...this.snapshot(), counts: this.#counts.yield() };
		giveLead(this.#running(), this.#config.purge);
		this.#watch.stop();
		return snapshot;
	}

	/** Accepts nothing more and ends when the last connection has. */
	async drain(): Promise<void> {
		this.#stopping = true;
		await drainOut(this.#running());
		await this.#keeper.sent();
	}

	/** The end of the program: finish what is under way, then end the instances. */
	async stop(): Promise<void> {
		this.#stopping = true;
		this.#rollouts.abandon('Ballast stops');
		this.#watch.stop();
		await shutDown(this.#running(), this.#config.stop.graceMs);
	}
}
