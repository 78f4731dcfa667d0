import type { MeterGroup } from '../metrics/counts.ts';
import { type Figures, figuresSince, readFigures } from '../metrics/figures.ts';
import type { SeriesSum } from '../metrics/meter.ts';
import { UNROUTED } from './plan.ts';

type Kind = 'routes' | 'instances';
const KINDS: readonly Kind[] = ['routes', 'instances'];

/** What one core counted, by the names that the next one knows too: routes, lives of instances. */
export interface HandedCounts {
	/** Of the meaning of the figures; another one is not understood. */
	readonly version: 1;
	readonly routes: Readonly<Record<string, Figures>>;
	readonly instances: Readonly<Record<string, Figures>>;
}

/** The index of the counts of each route, by `seriesKey`, and of each life of an instance. */
type Series = Record<Kind, () => Readonly<Record<string, number>>>;

/** The other cores. */
export interface Peers {
	/** To all of them. */
	handOn(counts: unknown): void;
	onCounts: (counts: unknown) => void;
}

const PART_MS = 1000;
const LOOK_MS = 50;

/**
 * Counts go on over an upgrade. With the lead the old core hands over what it has counted; what it counts while it
 * drains it sends on, a part at a time. Everything is counted once: a part is for whoever leads when the keeper
 * passes it on, and the keeper tells both cores in one go that the lead has changed.
 */
export class CountsHandover {
	readonly #meters: Record<Kind, MeterGroup>;
	readonly #peers: Peers;
	readonly #series: Series;
	readonly #handed: Record<Kind, Map<string, SeriesSum>> = { routes: new Map(), instances: new Map() };
	#yielded = false;

	constructor(meters: Record<Kind, MeterGroup>, peers: Peers, series: Series) {
		this.#meters = meters;
		this.#peers = peers;
		this.#series = series;
	}

	/** Where the counts of each name stand; what met no route has the name ''. */
	#names(kind: Kind): Map<string, number> {
		const names = new Map(Object.entries(this.#series[kind]()));
		return kind === 'routes' ? names.set('', UNROUTED) : names;
	}

	/** This core leads. `counts`: what the one before has counted; null: there was none. */
	lead(counts: unknown): void {
		// The lead may come back from a core that failed: what that was given is counted here already.
		if (!this.#yielded) this.#take(counts, { past: true });
		this.#peers.onCounts = (part) => this.#take(part, { past: false });
	}

	/** Another core leads from now on: all that was counted so far. What peers send until the drain still goes through here. */
	yield(): HandedCounts {
		this.#yielded = true;
		for (const kind of KINDS) this.#handed[kind].clear();
		return this.#since();
	}

	/** Hands on what is counted for as long as there is something under way. */
	async drain(underWay: () => boolean): Promise<void> {
		this.#peers.onCounts = () => {};
		const parts = setInterval(() => this.#handOn(), PART_MS);
		while (underWay()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
		clearInterval(parts);
		this.#handOn();
	}

	#handOn(): void {
		const part = this.#since();
		if (KINDS.some((kind) => Object.keys(part[kind]).length > 0)) this.#peers.handOn(part);
	}

	/** What was counted since the last time that this was asked. */
	#since(): HandedCounts {
		const counts: Record<Kind, Record<string, Figures>> = { routes: {}, instances: {} };
		for (const kind of KINDS) {
			for (const [name, series] of this.#names(kind)) {
				const sum = this.#meters[kind].sum([series]);
				const figures = figuresSince(sum, this.#handed[kind].get(name));
				this.#handed[kind].set(name, sum);
				if (figures !== null) counts[kind][name] = figures;
			}
		}
		return { version: 1, ...counts };
	}

	/** Adds what another core counted. `past`: before this one led, so that it is no rate of now. */
	#take(counts: unknown, { past }: { past: boolean }): void {
		const { version, ...kinds } = (counts ?? {}) as Partial<HandedCounts>;
		if (version !== 1) return;
		for (const kind of KINDS) {
			const names = this.#names(kind);
			for (const [name, value] of Object.entries(kinds[kind] ?? {})) {
				const series = names.get(name);
				const sum = readFigures(value);
				if (series !== undefined && sum !== null) this.#meters[kind].add(series, sum, { past });
			}
		}
	}
}
