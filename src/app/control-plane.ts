import type { Config } from '../config/config.ts';
import { diffConfig, formatDiff } from '../config/diff.ts';
import { maskConfig } from '../config/print.ts';
import { Board } from '../core/board.ts';
import { BallastError } from '../core/errors.ts';
import { MeterGroup } from '../metrics/counts.ts';
import { DetailGroup } from '../metrics/detail.ts';
import type { Readiness } from './admin.ts';
import { AdminPlace } from './admin-place.ts';
import { announcement } from './announcement.ts';
import { ConfigWatch } from './config-watch.ts';
import type { Snapshot } from './core-snapshot.ts';
import { CountsHandover } from './counts-handover.ts';
import { EventLog } from './event-log.ts';
import { Fleet } from './fleet.ts';
import { InstanceEvents } from './instance-events.ts';
import { InstanceSlots } from './instance-slots.ts';
import type { Keeper } from './keeper-port.ts';
import { Listeners } from './listeners.ts';
import { carryOut } from './operator-commands.ts';
import { OverloadControl } from './overload-control.ts';
import type { PeerCores } from './peer-cores.ts';
import { PoolShares, type PoolSharesParts } from './pool-shares.ts';
import { RateLimitTables } from './rate-limit-tables.ts';
import { readinessOf, untilServable } from './readiness.ts';
import { RecordRings } from './record-rings.ts';
import { rolloutCounters } from './rollout-counters.ts';
import { Rollouts, type RolloutsPort } from './rollouts.ts';
import { SeriesIndex } from './series-index.ts';
import { ServedPlan } from './served-plan.ts';
import { ServiceCellsIndex } from './service-cells-index.ts';
import { ServiceUpkeep } from './service-upkeep.ts';
import type { ConfigSource, Loaded } from './source.ts';
import { programStatus, type Status, serviceStatus } from './status.ts';
import { untilQuiet } from './until-quiet.ts';
import { VERSION } from './version.ts';
import { WorkerGroup } from './worker-group.ts';

const PEER_MS = 100;
/** The main thread of a core: configuration, instances, workers, listeners, and what is done with them. */
export class ControlPlane {
	readonly #keeper: Keeper;
	readonly #source: ConfigSource;
	readonly log = new EventLog();
	readonly #board = new Board();
	readonly #meters = { routes: new MeterGroup(), instances: new MeterGroup(), details: new DetailGroup() };
	readonly #rings = new RecordRings(() => {});
	readonly #series = new SeriesIndex();
	readonly #cells = new ServiceCellsIndex();
	readonly #rateLimits = new RateLimitTables((event) => this.log.add(event));
	readonly #overload = new OverloadControl(this.#cells, this.log);
	readonly #workers: WorkerGroup;
	readonly #slots: InstanceSlots;
	readonly #listeners: Listeners;
	readonly #fleet: Fleet;
	readonly #events: InstanceEvents;
	readonly #served: ServedPlan;
	readonly #rollouts: Rollouts;
	readonly #watch = new ConfigWatch(() => void this.reload().catch(() => {}));
	readonly #upkeep: ServiceUpkeep;
	readonly #shares: PoolShares;
	readonly #counts: CountsHandover;
	readonly #startedAt = Date.now();
	readonly #admin: AdminPlace;
	#config!: Config;
	#queue: Promise<unknown> = Promise.resolve();
	/** Why the configuration on disk is not the one that runs. */
	#refused = '';
	#stopping = false;
	/** The file, or `run`. */
	#name = '';

	constructor(keeper: Keeper, source: ConfigSource) {
		this.#keeper = keeper;
		this.#source = source;
		this.#events = new InstanceEvents(this.log, { single: source.single, giveUp: () => keeper.giveUp() });
		const board = this.#board;
		const cells = this.#cells;
		board.grow();
		const event = (level: 'info' | 'warn' | 'error', text: string): void =>
			this.log.add({ level, subject: 'ballast', text });
		this.#workers = new WorkerGroup({
			board,
			cells,
			meters: this.#meters,
			records: (worker) => this.#rings.of(worker),
			instances: () => this.#slots.plans(),
			started: (id) => this.#listeners.restore(id),
			suspect: (slot) => this.#fleet.suspect(slot),
			guardChanged: (slot) => this.#fleet.guardChanged(slot),
			event,
		});
		const indexes = { series: this.#series, cells, rateLimits: this.#rateLimits };
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
		this.#counts = new CountsHandover(this.#meters, this.peers, {
			routes: () => this.#served.plan.series,
			instances: () => this.#slots.lives(),
		});
		if (keeper.welcome.active) this.#counts.lead(null);
		this.#listeners = new Listeners(keeper, this.#workers, event);
		const failed = (text: string) => event('error', text);
		this.#admin = new AdminPlace(keeper, () => this.readiness(), failed);
		const fleet = new Fleet({ sink: this.#slots, host: keeper.processes, passive: !keeper.welcome.active });
		this.#fleet = fleet;
		const moved: PoolSharesParts['event'] = (level, subject, text) => {
			if (this.#slots.leads) this.log.add({ level, subject, text });
		};
		this.#shares = new PoolShares({ board, cells, fleet, event: moved });
		const changed = () => {
			this.#shares.look();
			this.#workers.wake();
		};
		this.#upkeep = new ServiceUpkeep(cells, () => fleet.ready(), changed);
		this.#rollouts = new Rollouts(this.#rolloutsPort());
		keeper.processes.watch({ exited: () => {}, lines: (id, _stream, lines) => this.log.output(id, lines) });
	}

	#rolloutsPort(): RolloutsPort {
		return {
			deployments: this.#served.deployments,
			fleet: this.#fleet,
			cells: this.#cells,
			counters: rolloutCounters(this.#board, this.#meters.instances),
			config: () => this.#config,
			configured: (config) => (this.#config = config),
			load: () => this.#source.load(),
			alone: (work) => this.#alone(work),
			reshape: () => this.#reshape(),
			event: (level, subject, text) => this.log.add({ level, subject, text }),
		};
	}

	/** Loads, binds, starts. @throws BallastError `config_invalid`, `port_taken`, … when nothing can be served */
	async start(): Promise<void> {
		const { welcome } = this.#keeper;
		const snapshot = welcome.snapshot as Snapshot | null;
		const loaded = await this.#source.load();
		this.#name = (loaded.ok ? loaded.files[0] : snapshot?.name) ?? this.#source.name;
		this.#config = this.#firstConfig(loaded, snapshot);
		if (snapshot !== null) {
			this.#config = this.#served.deployments.takeOver(snapshot, this.#config);
			this.#listeners.ticketKeys = Buffer.from(snapshot.ticketKeys, 'base64');
			this.#fleet.adopt(snapshot.fleet);
		}
		const shaped = this.#served.begin(this.#config);
		this.#setLimits();
		// First of all: a port that is taken must start nothing.
		await this.#listeners.bind(this.#config.listen, this.#config.workers);
		this.#shares.configure(this.#config.services);
		await Promise.all([this.#workers.start(this.#served.plan), this.#fleet.apply(shaped)]);
		if (welcome.generation > 1) await untilServable(() => this.#fleet.list(), welcome.active);
		await this.#listeners.serve(this.#config.listen, this.#config.workers);
		await this.#admin.serve(this.#config.admin);
		setInterval(() => this.#everySecond(), 1000);
		this.#overload.start(this.#workers, snapshot?.limits);
		this.#keep();
		this.#events.start();
		this.#keeper.ready();
		if (welcome.active) {
			this.#announce();
			void this.#rollouts.endLeft();
		}
		if (this.#source.watch) await this.#watch.follow(loaded.files);
		setInterval(() => this.peers.report(), PEER_MS);
	}

	/** A core that replaces a crashed one goes on with what ran, even if the file on disk has become bad. */
	#firstConfig(loaded: Loaded, snapshot: Snapshot | null): Config {
		if (loaded.ok) {
			if (loaded.warnings !== '') this.log.add({ level: 'warn', subject: 'config', text: loaded.warnings });
			return loaded.config;
		}
		if (snapshot === null || !this.#keeper.welcome.active) throw new BallastError('config_invalid', loaded.message);
		this.#refuse(loaded.message);
		return snapshot.config;
	}

	#announce(): void {
		for (const text of announcement(this.#config, this.#listeners.view(), this.#name))
			this.log.add({ level: 'info', subject: 'ballast', text });
	}

	#setLimits(): void {
		const { stop, limits } = this.#config;
		this.#keeper.limits({ stopMs: 2 * stop.graceMs + 10_000, drainMs: stop.graceMs + limits.keepAliveMs + 5000 });
	}

	#keep(): void {
		this.#keeper.keep(this.snapshot());
	}

	snapshot(): Snapshot {
		return {
			config: this.#config,
			fleet: this.#fleet.snapshot(),
			deployments: this.#served.deployments.snapshot(),
			limits: this.#overload.found(),
			ticketKeys: this.#listeners.ticketKeys.toString('base64'),
			name: this.#name,
		};
	}

	#everySecond(): void {
		this.#meters.routes.sample(this.#series.count);
		this.#meters.instances.sample(this.#board.slots);
		this.#upkeep.everySecond();
		this.#shares.look();
		this.#rateLimits.look();
	}

	readiness(): Readiness {
		const serves = this.#workers.view().some(({ state }) => state === 'ready');
		return readinessOf(this.#config, this.#fleet.ready(), { stopping: this.#stopping, serves });
	}

	// Changes, one at a time.

	#alone<T>(work: () => Promise<T>): Promise<T> {
		const done = this.#queue.then(work);
		this.#queue = done.catch(() => {});
		return done;
	}

	/**
	 * Takes up the configuration as it is on disk now, wholly or not at all. Resolves to what changed.
	 * @throws BallastError `config_invalid` with all that is wrong
	 */
	reload(): Promise<string> {
		return this.#alone(async () => {
			if (this.#stopping) throw new BallastError('command_failed', 'this node is shutting down');
			const loaded = await this.#source.load();
			if (this.#source.watch) await this.#watch.follow(loaded.files);
			try {
				if (!loaded.ok) throw new BallastError('config_invalid', loaded.message);
				return await this.#swap(loaded.config);
			} catch (error) {
				const why = error instanceof Error ? error.message : String(error);
				this.#refuse(why);
				throw error;
			}
		});
	}

	#refuse(why: string): void {
		this.#refused = `the configuration was refused, the one before goes on: ${why}`;
		this.log.add({ level: 'error', subject: 'config', text: this.#refused });
	}

	/** Prepare → all acknowledge → commit; whatever fails before the commit leaves everything as it was. */
	async #swap(loaded: Config): Promise<string> {
		const { config: next, refused } = this.#served.deployments.withhold(this.#config, loaded);
		if (refused !== '') throw new BallastError('config_invalid', refused);
		const changes = diffConfig(this.#config, next);
		this.#refused = '';
		if (changes.length === 0) return 'nothing changed';
		await this.#listeners.bind(next.listen, next.workers);
		const { shaped, told } = await this.#served
			.reload(next, () => (this.#config = next))
			.catch(async (error: unknown) => {
				await this.#listeners.unbindAllBut(this.#config.listen);
				throw error;
			});
		for (const text of told) this.log.add({ level: 'warn', subject: 'config', text });
		await this.#fleet.apply(shaped);
		this.#shares.configure(next.services);
		this.#shares.look();
		await this.#workers.resize(() => this.#listeners.serve(next.listen, next.workers));
		await this.#admin.serve(next.admin);
		this.#setLimits();
		this.#keep();
		const text = formatDiff(changes);
		this.log.add({
			level: 'info',
			subject: 'config',
			text: `reloaded: ${changes.length} change${changes.length === 1 ? '' : 's'}\n${text}`,
		});
		return text;
	}

	/** Runs one command of the control socket. */
	command(name: string, args: Record<string, unknown>, line: (text: string) => void): Promise<unknown> {
		return carryOut(
			{ name, args, line },
			{
				fleet: this.#fleet,
				rollouts: this.#rollouts,
				status: () => this.status(),
				config: () => maskConfig(this.#config),
				reload: () => this.reload(),
				keep: () => this.#keep(),
			},
		);
	}

	/** Takes up what configuration and deployments say now; the workers hear of it only where pools come or go. */
	async #reshape(): Promise<void> {
		this.#keep();
		await this.#fleet.apply(await this.#served.swap(this.#config, null));
	}

	status(): Status {
		return {
			...programStatus(this.#keeper.welcome, this.#startedAt),
			config: this.#name,
			workers: this.#workers.view(),
			listeners: this.#listeners.view(),
			services: serviceStatus({
				config: this.#served.deployments.effective(this.#config),
				plan: this.#served.plan,
				fleet: this.#fleet,
				meters: this.#meters,
				cells: this.#cells,
				inFlight: (slot) => this.#slots.inFlight(slot),
				rateLimits: (service) => this.#rateLimits.view(service),
				rollout: (service) => this.#rollouts.view(service),
				deployed: (service) => this.#served.deployments.commandOf(service)?.join(' ') ?? null,
			}),
			unrouted: this.#meters.routes.counts([0]),
			warnings: [...(this.#refused === '' ? [] : [this.#refused]), ...this.#fleet.warnings()],
		};
	}

	// Handing over and ending.

	/** Word from, or of, another core of this keeper. */
	get peers(): PeerCores {
		return this.#slots.peers;
	}

	/** This core leads from now on. */
	lead(snapshot: unknown): void {
		const left = snapshot as Snapshot | null;
		if (left !== null) this.#fleet.adopt(left.fleet);
		this.#overload.inherit(left?.limits);
		this.#counts.lead(left?.counts);
		this.#slots.leads = true;
		void this.#leadDeployments(left);
		this.log.add({ level: 'info', subject: 'ballast', text: `version ${VERSION} took over (core ${process.pid})` });
	}

	/** What the core before had deployed or was about to: known here before anything is ended that seems to belong to nobody. */
	async #leadDeployments(snapshot: Snapshot | null): Promise<void> {
		if (snapshot !== null) {
			this.#config = this.#served.deployments.takeOver(snapshot, this.#config);
			await this.#alone(() => this.#reshape()).catch((error) => this.#refuse(String(error)));
		}
		this.#fleet.activate();
		this.#keep();
		await this.#rollouts.endLeft();
	}

	/** Another core leads: nothing is started or stopped here any more. */
	yield(): Snapshot {
		this.#rollouts.abandon('another core takes over; `ballast deploy` begins anew');
		const snapshot = { ...this.snapshot(), counts: this.#counts.yield() };
		this.#slots.leads = false;
		this.#fleet.deactivate();
		this.#watch.stop();
		return snapshot;
	}

	/** Accepts nothing more and ends when the last connection has. */
	async drain(): Promise<void> {
		this.#stopping = true;
		this.#admin.close();
		this.#workers.tell({ type: 'drain' });
		await this.#counts.drain(() => this.#workers.load().connections > 0);
		await this.#keeper.sent();
	}

	/** The end of the program: finish what is under way, then end the instances. */
	async stop(): Promise<void> {
		this.#stopping = true;
		this.#rollouts.abandon('Ballast stops');
		this.#watch.stop();
		const { graceMs } = this.#config.stop;
		const { active: underWay } = this.#workers.load();
		const text = `stopping: ${underWay} under way may take up to ${graceMs / 1000} s; a second Ctrl-C ends at once`;
		this.log.add({ level: 'info', subject: 'ballast', text });
		const until = Date.now() + graceMs;
		await this.#listeners.release();
		this.#workers.tell({ type: 'drain' });
		await untilQuiet(() => this.#workers.load(), until);
		// What is still under way is cut off; no instance could leave while a worker waits for it.
		if (this.#workers.load().active > 0) await this.#workers.end();
		await this.#fleet.stop(Math.max(1000, this.#config.stop.graceMs));
		await this.#workers.end();
		this.log.add({ level: 'info', subject: 'ballast', text: 'stopped' });
	}
}
