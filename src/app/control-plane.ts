import type { Config } from '../config/config.ts';
import { diffConfig, formatDiff } from '../config/diff.ts';
import { maskConfig } from '../config/print.ts';
import { Board } from '../core/board.ts';
import { BallastError } from '../core/errors.ts';
import { MeterGroup } from '../metrics/counts.ts';
import type { Readiness } from './admin.ts';
import { AdminPlace } from './admin-place.ts';
import { ConfigWatch } from './config-watch.ts';
import { CountsHandover, type HandedCounts } from './counts-handover.ts';
import { EventLog } from './event-log.ts';
import { Fleet } from './fleet.ts';
import { InstanceEvents } from './instance-events.ts';
import { InstanceSlots } from './instance-slots.ts';
import type { Keeper } from './keeper-port.ts';
import { Listeners } from './listeners.ts';
import { carryOut } from './operator-commands.ts';
import type { PeerCores } from './peer-cores.ts';
import type { Plan } from './plan.ts';
import { planOf } from './plan-of.ts';
import { PoolShares } from './pool-shares.ts';
import { RateLimitTables } from './rate-limit-tables.ts';
import { SeriesIndex } from './series-index.ts';
import { ServiceCellsIndex } from './service-cells-index.ts';
import { ServiceUpkeep } from './service-upkeep.ts';
import type { ConfigSource, Loaded } from './source.ts';
import { type Status, serviceStatus } from './status.ts';
import { VERSION } from './version.ts';
import { WorkerGroup } from './worker-group.ts';

const PEER_MS = 100;
/** How long a new core waits for instances that run to be found ready: after a crash clients wait with it. */
const CRASH_WAIT_MS = 500;
const UPGRADE_WAIT_MS = 5000;
/** After the last request of a stop, connections that clients keep open are given this long to send another. */
const QUIET_MS = 1000;

/** What a core leaves for the one that follows it. */
interface Snapshot {
	config: Config;
	fleet: unknown;
	ticketKeys: string;
	/** Where the configuration came from. */
	name: string;
	/** Only with the lead: what it has counted. */
	counts?: HandedCounts;
}

/** The main thread of a core: configuration, instances, workers, listeners, and what is done with them. */
export class ControlPlane {
	readonly #keeper: Keeper;
	readonly #source: ConfigSource;
	readonly log = new EventLog();
	readonly #board = new Board();
	readonly #meters = { routes: new MeterGroup(), instances: new MeterGroup() };
	readonly #series = new SeriesIndex();
	readonly #cells = new ServiceCellsIndex();
	readonly #rateLimits = new RateLimitTables((event) => this.log.add(event));
	readonly #workers: WorkerGroup;
	readonly #slots: InstanceSlots;
	readonly #listeners: Listeners;
	readonly #fleet: Fleet;
	readonly #events: InstanceEvents;
	readonly #watch = new ConfigWatch(() => void this.reload().catch(() => {}));
	readonly #upkeep: ServiceUpkeep;
	readonly #shares: PoolShares;
	readonly #counts: CountsHandover;
	readonly #startedAt = Date.now();
	readonly #admin: AdminPlace;
	#config!: Config;
	#plan!: Plan;
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
		this.#board.grow();
		const event = (level: 'info' | 'warn' | 'error', text: string): void =>
			this.log.add({ level, subject: 'ballast', text });
		this.#workers = new WorkerGroup({
			board: this.#board,
			meters: this.#meters,
			instances: () => this.#slots.plans(),
			started: (id) => this.#listeners.restore(id),
			cells: this.#cells,
			suspect: () => {},
			guardChanged: () => {},
			event,
		});
		this.#slots = new InstanceSlots({
			board: this.#board,
			workers: this.#workers,
			meters: this.#meters.instances,
			changed: () => this.#upkeep.changed(),
			toPeer: (message) => keeper.toPeer(message),
			event: (happened) => this.#events.add(happened),
		});
		this.#slots.leads = keeper.welcome.active;
		this.#counts = new CountsHandover(this.#meters, this.peers, {
			routes: () => this.#plan.series,
			instances: () => this.#slots.lives(),
		});
		if (keeper.welcome.active) this.#counts.lead(null);
		this.#listeners = new Listeners(keeper, this.#workers, event);
		this.#admin = new AdminPlace(
			keeper,
			() => this.readiness(),
			(text) => event('error', text),
		);
		this.#fleet = new Fleet({ sink: this.#slots, host: keeper.processes, passive: !keeper.welcome.active });
		this.#upkeep = new ServiceUpkeep(
			this.#cells,
			() => this.#fleet.ready(),
			() => {
				this.#shares.look();
				this.#workers.wake();
			},
		);
		this.#shares = new PoolShares({
			board: this.#board,
			cells: this.#cells,
			fleet: this.#fleet,
			event: (level, subject, text) => this.#slots.leads && this.log.add({ level, subject, text }),
		});
		keeper.processes.watch({ exited: () => {}, lines: (id, _stream, lines) => this.log.output(id, lines) });
	}

	/** Loads, binds, starts. @throws BallastError `config_invalid`, `port_taken`, … when nothing can be served */
	async start(): Promise<void> {
		const snapshot = this.#keeper.welcome.snapshot as Snapshot | null;
		const loaded = await this.#source.load();
		this.#name = (loaded.ok ? loaded.files[0] : snapshot?.name) ?? this.#source.name;
		this.#config = this.#firstConfig(loaded, snapshot);
		if (snapshot !== null) {
			this.#listeners.ticketKeys = Buffer.from(snapshot.ticketKeys, 'base64');
			this.#fleet.adopt(snapshot.fleet);
		}
		this.#plan = this.#planOf(this.#config, 1);
		this.#rateLimits.adopt(this.#plan);
		this.#setLimits();
		// First of all: a port that is taken must start nothing.
		await this.#listeners.bind(this.#config.listen, this.#config.workers);
		this.#shares.configure(this.#config.services);
		await Promise.all([this.#workers.start(this.#plan), this.#fleet.apply(this.#config)]);
		if (this.#keeper.welcome.generation > 1) await this.#untilServable();
		await this.#listeners.serve(this.#config.listen, this.#config.workers);
		await this.#admin.serve(this.#config.admin);
		setInterval(() => this.#everySecond(), 1000);
		this.#keep();
		this.#events.start();
		this.#keeper.ready();
		if (this.#keeper.welcome.active) this.#announce();
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

	/** A core that follows another accepts only once it knows the instances that run: connections wait meanwhile. */
	async #untilServable(): Promise<void> {
		const until = Date.now() + (this.#keeper.welcome.active ? CRASH_WAIT_MS : UPGRADE_WAIT_MS);
		// One that is drained, or down, does not become ready by being waited for.
		const lacking = (): boolean =>
			this.#fleet.list().some(({ state, slot }) => state === 'starting' || (state === 'ready' && slot < 0));
		while (lacking() && Date.now() < until) await sleep(5);
	}

	#planOf(config: Config, generation: number): Plan {
		return planOf(config, generation, { series: this.#series, cells: this.#cells, rateLimits: this.#rateLimits });
	}

	#announce(): void {
		for (const { address } of this.#listeners.view())
			this.log.add({ level: 'info', subject: 'ballast', text: `listening on ${address}` });
		const names = this.#config.services.map(({ name }) => name).join(', ');
		const text = `serving ${names} with ${this.#config.workers} worker${this.#config.workers === 1 ? '' : 's'}, by ${this.#name}`;
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
		const reasons: string[] = [];
		if (this.#stopping) reasons.push('this node is shutting down');
		if (!this.#workers.view().some(({ state }) => state === 'ready')) reasons.push('no worker is ready');
		const serving = new Set(this.#fleet.ready().flatMap(({ service, ready }) => (ready > 0 ? [service] : [])));
		for (const { name, pools } of this.#config.services) {
			if (pools.length > 0 && !serving.has(name)) reasons.push(`no instance of ${name} is ready`);
		}
		return { ready: reasons.length === 0, reasons };
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
	async #swap(next: Config): Promise<string> {
		const changes = diffConfig(this.#config, next);
		this.#refused = '';
		if (changes.length === 0) return 'nothing changed';
		const plan = this.#planOf(next, this.#plan.generation + 1);
		await this.#listeners.bind(next.listen, next.workers);
		const fault = await this.#workers.prepare(plan);
		if (fault !== '') {
			this.#workers.abort(plan.generation);
			await this.#listeners.unbindAllBut(this.#config.listen);
			throw new BallastError('config_invalid', `a worker cannot serve by it: ${fault}`);
		}
		this.#config = next;
		this.#plan = plan;
		await this.#workers.commit(plan);
		this.#rateLimits.adopt(plan);
		await this.#fleet.apply(next);
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
				status: () => this.status(),
				config: () => maskConfig(this.#config),
				reload: () => this.reload(),
				keep: () => this.#keep(),
			},
		);
	}

	status(): Status {
		const { welcome } = this.#keeper;
		return {
			version: VERSION,
			pid: welcome.pid,
			core: { pid: process.pid, generation: welcome.generation, startedAt: this.#startedAt },
			node: process.version,
			config: this.#name,
			uptimeMs: Date.now() - welcome.startedAt,
			workers: this.#workers.view(),
			listeners: this.#listeners.view(),
			services: serviceStatus({
				config: this.#config,
				plan: this.#plan,
				fleet: this.#fleet,
				meters: this.#meters,
				cells: this.#cells,
				inFlight: (slot) => this.#slots.inFlight(slot),
				rateLimits: (service) => this.#rateLimits.view(service),
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
		const { fleet, counts } = (snapshot ?? {}) as Partial<Snapshot>;
		if (fleet !== undefined) this.#fleet.adopt(fleet);
		this.#counts.lead(counts);
		this.#slots.leads = true;
		this.#fleet.activate();
		this.#keep();
		this.log.add({ level: 'info', subject: 'ballast', text: `version ${VERSION} took over (core ${process.pid})` });
	}

	/** Another core leads: nothing is started or stopped here any more. */
	yield(): Snapshot {
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
		this.#watch.stop();
		const { graceMs } = this.#config.stop;
		const { active: underWay } = this.#workers.load();
		const text = `stopping: ${underWay} under way may take up to ${graceMs / 1000} s; a second Ctrl-C ends at once`;
		this.log.add({ level: 'info', subject: 'ballast', text });
		const until = Date.now() + graceMs;
		await this.#listeners.release();
		this.#workers.tell({ type: 'drain' });
		let quietSince = Date.now();
		while (Date.now() < until) {
			await sleep(20);
			const { active, connections } = this.#workers.load();
			if (connections === 0) break;
			if (active > 0) quietSince = Date.now();
			else if (Date.now() - quietSince >= QUIET_MS) break;
		}
		// What is still under way is cut off; no instance could leave while a worker waits for it.
		if (this.#workers.load().active > 0) await this.#workers.end();
		await this.#fleet.stop(Math.max(1000, this.#config.stop.graceMs));
		await this.#workers.end();
		this.log.add({ level: 'info', subject: 'ballast', text: 'stopped' });
	}
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
