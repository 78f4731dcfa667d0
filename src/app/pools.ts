import net from 'node:net';
import { type Balancer, createBalancer } from '../balancing/balancer.ts';
import type { BalanceConfig } from '../balancing/config.ts';
import type { Board } from '../core/board.ts';
import { ServiceCells } from '../core/service-cells.ts';
import type { KeySource, Route, Service } from '../gateway/route.ts';
import { compileRoute, REST, routeEntries } from '../gateway/route-table.ts';
import { Router } from '../gateway/router.ts';
import type { UpstreamOptions } from '../gateway/upstream.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import { type InstancePlan, type Plan, type ServicePlan, seriesKey } from './plan.ts';

/** Failures in a row from which on the control plane is told of an instance. */
const SUSPECT_AFTER = 5;

interface Pool {
	plan: ServicePlan;
	balancer: Balancer;
	members: InstancePlan[];
}

/** The services of one plan in one worker: their pools and balancers, and the routes to them. */
export class Pools {
	readonly #plan: Plan;
	readonly #board: Board;
	readonly #worker: number;
	readonly #pools = new Map<string, Pool>();

	constructor(plan: Plan, board: Board, worker: number) {
		this.#plan = plan;
		this.#board = board;
		this.#worker = worker;
		for (const service of plan.services) this.#pools.set(service.name, this.#pool(service));
	}

	#pool(plan: ServicePlan): Pool {
		const balancer = createBalancer(plan.balance, this.#board, { id: this.#worker, count: this.#plan.workers });
		return { plan, balancer, members: [] };
	}

	/** Takes over the instances, and the balancers of services that are balanced as before. */
	inherit(before: Pools): void {
		for (const [name, pool] of this.#pools) {
			const known = before.#pools.get(name);
			if (known === undefined) continue;
			pool.members = known.members;
			const same = JSON.stringify(known.plan.balance) === JSON.stringify(pool.plan.balance);
			if (same && before.#plan.workers === this.#plan.workers) pool.balancer = known.balancer;
			pool.balancer.set(pool.members);
		}
	}

	add(instance: InstancePlan): void {
		const pool = this.#pools.get(instance.service);
		if (pool === undefined) return;
		pool.members = [...pool.members.filter(({ slot }) => slot !== instance.slot), instance];
		pool.balancer.set(pool.members);
	}

	instances(): InstancePlan[] {
		return [...this.#pools.values()].flatMap(({ members }) => members);
	}

	remove(slot: number): void {
		for (const pool of this.#pools.values()) {
			if (!pool.members.some((member) => member.slot === slot)) continue;
			pool.members = pool.members.filter((member) => member.slot !== slot);
			pool.balancer.set(pool.members);
		}
	}

	/** How connections to this instance are made. */
	upstreamOptions(instance: InstancePlan): Pick<UpstreamOptions, 'tls' | 'connections' | 'idleMs'> {
		const plan = this.#pools.get(instance.service)?.plan;
		const upstream = plan?.upstream;
		const settings = upstream?.tls ?? null;
		const name = plan?.tlsName ?? instance.host;
		const tls = instance.tls
			? {
					// An address is no server name (RFC 6066 §3); the certificate is then checked against it all the same.
					...(net.isIP(name) === 0 ? { servername: name } : {}),
					rejectUnauthorized: settings?.verify ?? true,
					...(plan?.upstreamCa == null ? {} : { ca: plan.upstreamCa }),
				}
			: null;
		return { tls, connections: upstream?.connections ?? 256, idleMs: upstream?.idleMs ?? 4000 };
	}

	/** By name; made by `compile`. */
	services: ReadonlyMap<string, Service> = new Map();

	/** The routes, ready to match requests. */
	compile(): Router<Route> {
		const services = new Map<string, Service>();
		this.services = services;
		for (const [name, pool] of this.#pools)
			services.set(name, serviceOf(pool, Math.max(this.#board.workers, this.#plan.columns, this.#plan.workers)));
		const compiled = new Map<unknown, Route>();
		const entries = routeEntries(this.#plan.services).map((entry) => {
			const owner = entry.route ?? entry.service;
			let value = compiled.get(owner);
			if (value === undefined) {
				const { name } = entry.service;
				const series = this.#plan.series[seriesKey(name, entry.route?.name ?? REST)] ?? 0;
				compiled.set(owner, (value = compileRoute(entry, services.get(name) as Service, series)));
			}
			return { pattern: entry.pattern, value };
		});
		return new Router(entries);
	}
}

function serviceOf({ plan, balancer }: Pool, columns: number): Service {
	const { balance, breaker } = plan;
	const cells = new ServiceCells(columns, plan.cells);
	return {
		name: plan.name,
		config: plan,
		picker: plan.instances === null ? null : balancer,
		key: keySource(balance),
		cookie:
			balance.by === 'cookie' && balance.cookie !== null
				? { name: balance.cookie.name, attributes: cookieAttributes(balance) }
				: null,
		timed: balance.by === 'peak-ewma',
		cells,
		budget: new RetryBudget(cells, plan.retryBudget),
		breaker,
		suspectAfter: SUSPECT_AFTER,
	};
}

function keySource({ by, key, cookie }: BalanceConfig): KeySource | null {
	if (by === 'ip-hash') return { from: 'address', name: '' };
	if (by === 'cookie' && cookie !== null) return { from: 'token', name: cookie.name };
	if (by !== 'consistent-hash' || key === null) return null;
	return key.from === 'address' ? { from: 'address', name: '' } : key;
}

function cookieAttributes({ cookie }: BalanceConfig): string {
	const age = cookie?.ttlMs == null ? '' : `; Max-Age=${Math.floor(cookie.ttlMs / 1000)}`;
	return `; Path=/; HttpOnly; SameSite=Lax${age}`;
}
