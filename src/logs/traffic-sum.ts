import { KnownBots } from './bots.ts';
import { DistinctCount, type PackedDistinct } from './distinct-count.ts';
import type { Row } from './entry-scan.ts';
import { type PackedCounts, TopCounts } from './top-counts.ts';
import { type PackedTraffic, TRAFFIC_COLUMNS, TrafficTally } from './traffic-tally.ts';

/** What `TrafficSum.add` reads of an entry `e`. */
export const CALLER_COLUMNS: string = `${TRAFFIC_COLUMNS}, e.address, e.agent, e.id`;

/** Who the requests were from, to be kept. */
export interface PackedCallers {
	clients: PackedCounts;
	agents: PackedCounts;
	bots: PackedCounts;
	distinct: PackedDistinct;
	/** As in `TrafficSum`. */
	slowest: SlowRequest[];
}

export type SlowRequest = [id: number, seconds: number];

/** How much of the callers is kept: values of each kind, and characters of them together. */
export interface KeptCallers {
	most: number;
	characters: number;
}

/** Clients and user agents that are counted exactly, unless it is said otherwise: to make room for more takes time. */
const MOST_VALUES = 50_000;
/** Of the slowest. */
const MOST_SLOW = 100;

/** Requests, added up in all the ways in which traffic is shown; in bounded memory. */
export class TrafficSum {
	readonly tally = new TrafficTally();
	readonly clients: TopCounts;
	readonly agents: TopCounts;
	readonly bots = new TopCounts();
	readonly distinct = new DistinctCount();
	/** The slowest first. */
	readonly slowest: SlowRequest[] = [];
	readonly #known: KnownBots;

	constructor(known: KnownBots = new KnownBots(), mostValues = MOST_VALUES) {
		this.#known = known;
		this.clients = new TopCounts(mostValues);
		this.agents = new TopCounts(mostValues);
	}

	/** A row of `CALLER_COLUMNS`, as an array. */
	add(row: Row): void {
		this.tally.add(row);
		const weight = row[5] as number;
		const address = row[6] as string | null;
		const agent = row[7] as string | null;
		if (address && this.clients.add(address, weight)) this.distinct.add(address);
		if (agent) {
			this.agents.add(agent, weight);
			const bot = this.#known.of(agent);
			if (bot !== null) this.bots.add(bot, weight);
		}
		if (row[3] !== null) this.#addSlow([row[8] as number, row[3] as number]);
	}

	#addSlow(request: SlowRequest): void {
		const { slowest } = this;
		if (slowest.length === MOST_SLOW && request[1] <= (slowest.at(-1) as SlowRequest)[1]) return;
		let at = slowest.length;
		while (at > 0 && (slowest[at - 1] as SlowRequest)[1] < request[1]) at--;
		slowest.splice(at, 0, request);
		if (slowest.length > MOST_SLOW) slowest.pop();
	}

	/** To be kept. */
	packed({ most, characters }: KeptCallers): { traffic: PackedTraffic; callers: PackedCallers } {
		return {
			traffic: this.tally.packed(),
			callers: {
				clients: this.clients.packed(most, characters),
				agents: this.agents.packed(most, characters),
				bots: this.bots.packed(most, characters),
				distinct: this.distinct.packed(),
				slowest: this.slowest,
			},
		};
	}

	addPackedCallers({ clients, agents, bots, distinct, slowest }: PackedCallers): void {
		this.clients.addPacked(clients);
		this.agents.addPacked(agents);
		this.bots.addPacked(bots);
		this.distinct.addPacked(distinct);
		for (const request of slowest) this.#addSlow(request);
	}
}
