import { ServiceCell, type ServiceCells, ServiceColumn } from '../core/service-cells.ts';
import { type Episode, followEpisode } from '../resilience/episode.ts';
import { decideLimit, type GradientState, LOOK_MS, startGradient } from '../resilience/gradient.ts';
import type { ConcurrencyConfig } from '../resilience/overload-config.ts';
import { sharedNow } from '../wire/timer-wheel.ts';
import type { Event } from './event-log.ts';

/** How a worker does; see `NodeCell`. `shed` wraps. */
export interface WorkerPressure {
	id: number;
	shed: number;
	lagMs: number;
	heap: number;
}

interface Limited {
	config: ConcurrencyConfig;
	cells: ServiceCells;
	/** Only where it is adaptive. */
	gradient: GradientState | null;
	/** The last sums; they wrap. */
	answers: number;
	sumUs: number;
	shed: number;
	episode: Episode | null;
}

/** Finds the limits of services, and tells when services and workers begin to refuse requests and end it. */
export class OverloadControl {
	readonly #cells: { of(service: string): ServiceCells };
	readonly #log: { add(event: Event): void };
	/** What each worker says of itself. */
	workers: { pressure(): WorkerPressure[] } = { pressure: () => [] };
	/** A clock that does not jump, ms. */
	now: () => number = sharedNow;
	#limited = new Map<string, Limited>();
	/** By worker: the last count of what it refused. */
	readonly #shed = new Map<number, number>();
	#node: Episode | null = null;

	constructor(cells: { of(service: string): ServiceCells }, log: { add(event: Event): void }) {
		this.#cells = cells;
		this.#log = log;
	}

	/** These services run from now on. What was found for one that stays adaptive is kept. */
	adopt(services: readonly { name: string; concurrency: ConcurrencyConfig | null }[]): void {
		const before = this.#limited;
		this.#limited = new Map();
		for (const { name, concurrency: config } of services) {
			if (config === null) continue;
			const known = before.get(name) ?? this.#begin(name);
			before.delete(name);
			const limited: Limited = { ...known, config };
			if (config.kind === 'fixed') limited.gradient = null;
			else limited.gradient ??= startGradient(this.now(), config);
			this.#limited.set(name, limited);
			const { cells, gradient } = limited;
			const limit = gradient?.limit ?? 0;
			cells.set(ServiceCell.limit, config.kind === 'fixed' ? config.limit : Math.floor(clamp(limit, config)));
		}
		for (const [name, { cells, episode }] of before) {
			cells.set(ServiceCell.limit, 0);
			if (episode !== null) this.#say('info', name, `sheds no more: ${toldOf(episode)}; it has no limit any more`);
		}
	}

	/** Goes on with what a core before this one had found, where this one has not yet. */
	inherit(found: Record<string, number> = {}): void {
		for (const [name, limited] of this.#limited) {
			const limit = Object.hasOwn(found, name) ? found[name] : undefined;
			const { config, gradient, cells } = limited;
			if (limit === undefined || gradient === null || gradient.latency.learnt || config.kind === 'fixed') continue;
			limited.gradient = startGradient(this.now(), config, limit);
			cells.set(ServiceCell.limit, Math.floor(limited.gradient.limit));
		}
	}

	#begin(name: string): Omit<Limited, 'config'> {
		const cells = this.#cells.of(name);
		return { cells, gradient: null, ...sumsOf(cells), episode: null };
	}

	/** `found`: by the core before this one. */
	start(workers: OverloadControl['workers'], found?: Record<string, number>): void {
		this.workers = workers;
		this.inherit(found);
		setInterval(() => this.look(), LOOK_MS);
	}

	look(): void {
		const nowMs = this.now();
		for (const [name, limited] of this.#limited) this.#lookAt(name, limited, nowMs);
		this.#lookAtWorkers(nowMs);
	}

	#lookAt(name: string, limited: Limited, nowMs: number): void {
		const { cells, config, gradient } = limited;
		const now = sumsOf(cells);
		const refused = (now.shed - limited.shed) >>> 0;
		const inFlight = cells.sum(ServiceColumn.inFlight);
		if (gradient !== null && config.kind === 'adaptive') {
			const answers = (now.answers - limited.answers) >>> 0;
			const sumUs = (now.sumUs - limited.sumUs) >>> 0;
			const { state, limit } = decideLimit(gradient, { nowMs, answers, sumUs, inFlight, refused }, config);
			limited.gradient = state;
			cells.set(ServiceCell.limit, limit);
		}
		Object.assign(limited, now);
		const { episode, tell } = followEpisode(limited.episode, refused, nowMs);
		limited.episode = episode;
		if (tell === null) return;
		const figures = `${inFlight} in flight of at most ${cells.get(ServiceCell.limit)}`;
		if (tell.what === 'begins') this.#say('warn', name, `sheds requests: ${figures}`);
		else this.#say('info', name, `sheds no more: ${toldOf(tell.episode)}; ${figures}`);
	}

	#lookAtWorkers(nowMs: number): void {
		const workers = this.workers.pressure();
		let refused = 0;
		for (const { id, shed } of workers) {
			// A worker that was replaced counts from 0 again.
			const before = this.#shed.get(id) ?? 0;
			refused += shed >= before ? shed - before : shed;
			this.#shed.set(id, shed);
		}
		const { episode, tell } = followEpisode(this.#node, refused, nowMs);
		this.#node = episode;
		if (tell?.what === 'begins') this.#say('warn', 'ballast', `sheds requests: ${workers.map(pressureOf).join('; ')}`);
		else if (tell !== null) this.#say('info', 'ballast', `sheds no more: ${toldOf(tell.episode)}`);
	}

	#say(level: Event['level'], subject: string, text: string): void {
		this.#log.add({ level, subject, text });
	}

	/** What was found for each adaptive service, for the core that follows. */
	found(): Record<string, number> {
		const found = [...this.#limited].flatMap(([name, { gradient }]) =>
			gradient?.latency.learnt === true ? [[name, Math.floor(gradient.limit)]] : [],
		);
		return Object.fromEntries(found);
	}
}

const clamp = (limit: number, { min, max }: { min: number; max: number }): number =>
	Math.min(max, Math.max(min, limit));

function sumsOf(cells: ServiceCells): Pick<Limited, 'answers' | 'sumUs' | 'shed'> {
	return {
		answers: cells.sum(ServiceColumn.headCount),
		sumUs: cells.sum(ServiceColumn.headSumUs),
		shed: cells.sum(ServiceColumn.shed),
	};
}

function toldOf({ refused, sinceMs, lastMs }: Episode): string {
	const seconds = Math.max(0.1, (lastMs - sinceMs) / 1000).toFixed(1);
	return `${refused} ${refused === 1 ? 'was' : 'were'} refused within ${seconds} s`;
}

const pressureOf = ({ id, lagMs, heap }: WorkerPressure): string =>
	`worker ${id} is ${lagMs} ms late, its heap ${Math.round(heap / 10)} % full`;
