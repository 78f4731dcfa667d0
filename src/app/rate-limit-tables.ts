import { randomBytes } from 'node:crypto';
import type { RateLimitPolicy } from '../gateway/config.ts';
import { REST } from '../gateway/route-table.ts';
import { GcraTable } from '../resilience/gcra-table.ts';
import { decideLimit, type LimitState, UNSEEN } from '../resilience/limit-watch.ts';
import { formatRate } from '../resilience/rate.ts';
import { sharedNow } from '../wire/timer-wheel.ts';
import type { Event } from './event-log.ts';
import { limitKey, type Plan, type RateLimitPlan, type ServicePlan } from './plan.ts';

/** A table is swept once in so many looks, which are a second apart: well within the half hour that it may take. */
const LOOKS_A_SWEEP = 256;

/** A limit as `ballast status` shows it. */
export interface RateLimitStatus {
	name: string;
	/** Whose it is; null: all routes of the service together. */
	route: string | null;
	/** Requests refused, since the limit began. */
	refused: number;
	/** Requests whose client found no room, since the limit began. */
	full: number;
	/** Clients that have less than their whole allowance. */
	used: number;
	entries: number;
}

interface Watched {
	service: string;
	route: string | null;
	limit: RateLimitPolicy;
	table: GcraTable;
	state: LimitState;
	sweptTo: number;
}

type Limited = Pick<ServicePlan, 'name' | 'routes' | 'rateLimit'>;

/** Gives each rate limit its memory, which stays while the limit does; sweeps it, and tells what happens in it. */
export class RateLimitTables {
	readonly #hashKey: [number, number];
	readonly #event: (event: Event) => void;
	/** What the running plan has. */
	#memory: RateLimitPlan['tables'] = {};
	#watched = new Map<string, Watched>();

	constructor(event: (event: Event) => void) {
		this.#event = event;
		const random = randomBytes(8);
		this.#hashKey = [random.readInt32LE(0), random.readInt32LE(4)];
	}

	/** The memory for these services; limits that are as they were have the same again. */
	of(services: readonly Limited[]): RateLimitPlan {
		const tables: RateLimitPlan['tables'] = {};
		for (const { key, limit } of limitsOf(services))
			tables[key] ??= this.#memory[key] ?? GcraTable.memory(limit.entries);
		return { hashKey: this.#hashKey, tables };
	}

	/** This plan runs from now on. */
	adopt({ services, rateLimits }: Pick<Plan, 'services' | 'rateLimits'>): void {
		this.#memory = rateLimits.tables;
		const before = this.#watched;
		// In the order of the configuration.
		this.#watched = new Map(
			limitsOf(services).map(({ key, service, route, limit }) => {
				const table = new GcraTable(this.#memory[key] as SharedArrayBuffer, limit);
				return [key, before.get(key) ?? { service, route, limit, table, state: UNSEEN, sweptTo: 0 }];
			}),
		);
	}

	/** Once a second. */
	look(nowMs: number = sharedNow()): void {
		for (const watched of this.#watched.values()) {
			const { table, sweptTo } = watched;
			const part = Math.ceil(table.entries / LOOKS_A_SWEEP);
			table.sweep(nowMs, sweptTo, part);
			watched.sweptTo = sweptTo + part < table.entries ? sweptTo + part : 0;
			this.#tell(watched, nowMs);
		}
	}

	#tell(watched: Watched, nowMs: number): void {
		const { service, limit, table, state: before } = watched;
		const { state, begins } = decideLimit(before, table, nowMs);
		watched.state = state;
		const say = (text: string): void =>
			this.#event({ level: 'warn', subject: service, text: `rate limit ${nameOf(watched)} ${text}` });
		if (begins.refusing)
			say(
				`refuses requests: ${state.refused - before.refused} over ${formatRate(limit)} with a burst of ${limit.burst}`,
			);
		if (begins.full) {
			const fate = limit.full === 'admit' ? 'admitted without a limit' : 'refused';
			say(`has no room for more clients: new ones are ${fate}; \`entries\` is ${limit.entries}`);
		}
	}

	/** The limits of a service. */
	view(service: string): RateLimitStatus[] {
		const nowMs = sharedNow();
		const own = [...this.#watched.values()].filter((watched) => watched.service === service);
		return own.map((watched) => {
			this.#tell(watched, nowMs);
			const { route, limit, table, state } = watched;
			const { refused, full } = state;
			return { name: limit.name, route, refused, full, used: table.used(nowMs), entries: table.entries };
		});
	}
}

const nameOf = ({ limit, route }: Watched): string => (route === null ? limit.name : `${limit.name} of ${route}`);

/** Each limit once, whatever routes have it. */
function limitsOf(services: readonly Limited[]): (Pick<Watched, 'service' | 'route' | 'limit'> & { key: string })[] {
	const found = new Map<string, ReturnType<typeof limitsOf>[number]>();
	for (const { name: service, rateLimit, routes } of services) {
		for (const owner of [{ name: REST, rateLimit }, ...routes]) {
			for (const limit of owner.rateLimit) {
				const key = limitKey(service, owner.name, limit);
				const route = limit.of === 'route' ? owner.name : null;
				if (!found.has(key)) found.set(key, { key, service, route, limit });
			}
		}
	}
	return [...found.values()];
}
