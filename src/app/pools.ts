import net from 'node:net';
import { createBalancer } from '../balancing/balancer.ts';
import type { BalanceConfig } from '../balancing/config.ts';
import { PoolPicker, type SharedPool } from '../balancing/pool-picker.ts';
import { PreferredPool } from '../balancing/preferred-pool.ts';
import type { Board } from '../core/board.ts';
import { Priority } from '../core/priority.ts';
import { ServiceCell, ServiceCells } from '../core/service-cells.ts';
import type { FileStore } from '../gateway/files/file-store.ts';
import { answersItself } from '../gateway/local-answers.ts';
import { withMirrorField } from '../gateway/request-copies.ts';
import type { KeySource, Picker, Route, Service } from '../gateway/route.ts';
import { compileRoute, REST, type RouteEntry, routeEntries } from '../gateway/route-table.ts';
import { Router } from '../gateway/router.ts';
import type { UpstreamOptions } from '../gateway/upstream.ts';
import type { OffloadPolicy } from '../jobs/offload-policy.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import { ServiceLimit, sharesOf } from '../resilience/service-limit.ts';
import type { Lookup } from './caching/route-cache.ts';
import { RouteCaches } from './caching/route-caches.ts';
import { LimiterSet } from './limiter-set.ts';
import type { OffloadParts } from './offload/offload-parts.ts';
import { OffloadRoute } from './offload/offload-route.ts';
import { type InstancePlan, type Plan, type PoolPlan, type ServicePlan, seriesKey } from './plan.ts';

/** Failures in a row from which on the control plane is told of an instance where the configuration does not say. */
const SUSPECT_AFTER = 5;

interface Pool extends SharedPool {
	plan: PoolPlan;
	members: InstancePlan[];
}

/** A service and its pools: those of the plan by priority, then those that left it and still have instances. */
interface Group {
	plan: ServicePlan;
	pools: Pool[];
	/** What its routes hold, once they are compiled. */
	service: Wired | null;
	/** For the new version of a roll-out that takes marked requests or copies. */
	next: { marked: Wired; copies: Wired } | null;
}

/** A service whose pools may change. */
type Wired = Service & { picker: Picker | null };

/** What all routes of a worker share. */
export interface WorkerParts {
	files: FileStore;
	caching: Lookup | null;
	/** null: no requests become jobs. */
	offload: OffloadParts | null;
}

/** The cell of a pool that is in no plan: nobody writes a share into it. */
const NO_CELL = -1;

/** The services of one plan in one worker: their pools and balancers, and the routes to them. */
export class Pools {
	readonly #plan: Plan;
	readonly #board: Board;
	readonly #worker: number;
	readonly #groups = new Map<string, Group>();

	constructor(plan: Plan, board: Board, worker: number) {
		this.#plan = plan;
		this.#board = board;
		this.#worker = worker;
		for (const service of plan.services) {
			const pools = service.pools.map((pool) => this.#pool(pool, service.balance));
			this.#groups.set(service.name, { plan: service, pools, service: null, next: null });
		}
	}

	#pool(plan: PoolPlan, balance: BalanceConfig): Pool {
		const balancer = createBalancer(balance, this.#board, { id: this.#worker, count: this.#plan.workers });
		const share = plan.cell === NO_CELL ? NO_CELL : ServiceCell.poolShare + plan.cell;
		return { plan, share, balancer, members: [], trial: plan.trial };
	}

	/** Takes over the instances, and the balancers of services that are balanced as before. */
	inherit(before: Pools): void {
		for (const [name, group] of this.#groups) {
			const known = before.#groups.get(name);
			if (known === undefined) continue;
			const same =
				before.#plan.workers === this.#plan.workers &&
				JSON.stringify(known.plan.balance) === JSON.stringify(group.plan.balance);
			const wanted = group.pools.filter(({ share }) => share !== NO_CELL);
			const left = known.pools.filter((pool) => !wanted.some(({ plan }) => plan.name === pool.plan.name));
			const leaving = left.map(({ plan }) => this.#pool({ ...plan, cell: NO_CELL }, group.plan.balance));
			group.pools = [...wanted, ...leaving];
			for (const pool of group.pools) {
				const was = known.pools.find(({ plan }) => plan.name === pool.plan.name);
				if (was === undefined) continue;
				pool.members = was.members;
				if (same) pool.balancer = was.balancer;
				pool.balancer.set(pool.members);
			}
			group.pools = group.pools.filter(isOfUse);
		}
	}

	add(instance: InstancePlan): void {
		const group = this.#groups.get(instance.service);
		if (group === undefined) return;
		let pool = group.pools.find(({ plan }) => plan.name === instance.pool);
		if (pool === undefined) {
			// It left the plan while this one was on its way here, or before this worker began.
			const tlsName = group.plan.upstream.tls?.serverName ?? null;
			const plan = { name: instance.pool, cell: NO_CELL, tlsName, trial: false };
			group.pools.push((pool = this.#pool(plan, group.plan.balance)));
			this.#wire(group);
		}
		pool.members = [...pool.members.filter(({ slot }) => slot !== instance.slot), instance];
		pool.balancer.set(pool.members);
	}

	instances(): InstancePlan[] {
		return [...this.#groups.values()].flatMap(({ pools }) => pools.flatMap(({ members }) => members));
	}

	remove(slot: number): void {
		for (const group of this.#groups.values()) {
			const pool = group.pools.find(({ members }) => members.some((member) => member.slot === slot));
			if (pool === undefined) continue;
			pool.members = pool.members.filter((member) => member.slot !== slot);
			pool.balancer.set(pool.members);
			if (isOfUse(pool)) continue;
			group.pools = group.pools.filter((each) => each !== pool);
			this.#wire(group);
		}
	}

	/** How connections to this instance are made. */
	upstreamOptions(instance: InstancePlan): Pick<UpstreamOptions, 'tls' | 'connections' | 'idleMs'> {
		const group = this.#groups.get(instance.service);
		const upstream = group?.plan.upstream;
		const settings = upstream?.tls ?? null;
		const pool = group?.pools.find(({ plan }) => plan.name === instance.pool);
		const name = pool?.plan.tlsName ?? instance.host;
		const tls = instance.tls
			? {
					// An address is no server name (RFC 6066 §3); the certificate is then checked against it all the same.
					...(net.isIP(name) === 0 ? { servername: name } : {}),
					rejectUnauthorized: settings?.verify ?? true,
					...(group?.plan.upstreamCa == null ? {} : { ca: group.plan.upstreamCa }),
				}
			: null;
		return { tls, connections: upstream?.connections ?? 256, idleMs: upstream?.idleMs ?? 4000 };
	}

	/** By name; made by `compile`. */
	services: ReadonlyMap<string, Service> = new Map();
	/** By `seriesKey`; made by `compile`. */
	routes: ReadonlyMap<string, Route> = new Map();

	/** The routes, ready to match requests. */
	compile({ files, caching, offload }: WorkerParts): Router<Route> {
		const columns = Math.max(this.#board.workers, this.#plan.columns, this.#plan.workers);
		const services = new Map<string, Service>();
		for (const [name, group] of this.#groups) {
			group.service = serviceOf(group.plan, columns, this.#worker);
			services.set(name, group.service);
			group.next = group.plan.next === null ? null : nextServices(group.service, columns);
			this.#wire(group);
			for (const each of group.next === null ? [] : [group.next.marked, group.next.copies])
				services.set(name + each.version, each);
		}
		this.services = services;
		const limits = new LimiterSet(this.#plan.rateLimits);
		const compiled = new Map<unknown, Route>();
		const routes = new Map<string, Route>();
		this.routes = routes;
		const all = routeEntries(this.#plan.services);
		const caches = caching === null ? null : new RouteCaches(caching, all, this.#plan.services);
		const entries = all.map((entry) => {
			const owner = entry.route ?? entry.service;
			let value = compiled.get(owner);
			if (value === undefined) {
				const group = this.#groups.get(entry.service.name) as Group;
				const { name } = entry.service;
				const series = this.#plan.series[seriesKey(name, entry.route?.name ?? REST)] ?? 0;
				const cache = caches?.of(owner) ?? null;
				const policy = offloadOf(entry, group.plan);
				const offloading = offload === null || policy === null ? null : new OffloadRoute(offload, policy);
				const parts = { series, rateLimits: limits.of(entry), files, cache, offload: offloading };
				const route = compileRoute(entry, group.service as Service, parts);
				value = withNext({ ...route, ...caches?.edits(owner, route) }, group);
				compiled.set(owner, value);
				routes.set(seriesKey(name, value.name), value);
			}
			return { pattern: entry.pattern, value };
		});
		return new Router(entries);
	}

	/** Gives the service what picks its instances: the balancer itself where there is one pool. */
	#wire({ service, pools, plan, next }: Group): void {
		if (service === null) return;
		const [only] = pools;
		if (pools.length > 1) service.picker = new PoolPicker(service.cells, pools, this.#worker);
		else service.picker = only?.balancer ?? null;
		if (next === null) return;
		const fresh = pools.find((pool) => pool.plan.name === plan.next?.pool);
		next.copies.picker = fresh?.balancer ?? null;
		next.marked.picker =
			fresh === undefined || service.picker === null ? service.picker : new PreferredPool(fresh, service.picker);
	}
}

const offloadOf = ({ route }: RouteEntry, { offload, routeOffloads }: ServicePlan): OffloadPolicy | null =>
	route === null ? offload : (routeOffloads[route.name] ?? null);

/** A pool that left the plan goes with its last instance. */
const isOfUse = ({ share, members }: Pool): boolean => share !== NO_CELL || members.length > 0;

/** Copies have cells of their own: they are no requests of the service. */
function nextServices(service: Wired, columns: number): NonNullable<Group['next']> {
	// No name has a blank.
	const marked = { ...service, version: ' marked' };
	return { marked, copies: { ...service, version: ' copies', cells: new ServiceCells(columns) } };
}

function withNext(route: Route, { plan, next }: Group): Route {
	if (next === null) return route;
	const { request, retry } = route;
	const marked: Route = { ...route, service: next.marked };
	const once = { retry: { ...retry, attempts: 1 }, holdMs: 0, request: withMirrorField(request) };
	return { ...route, next: { by: plan.next?.by ?? null, marked, copies: { ...route, service: next.copies, ...once } } };
}

function serviceOf(plan: ServicePlan, columns: number, worker: number): Wired {
	const { balance, breaker } = plan;
	const cells = new ServiceCells(columns, plan.cells);
	return {
		name: plan.name,
		version: '',
		config: plan,
		picker: null,
		key: keySource(balance),
		cookie:
			balance.by === 'cookie' && balance.cookie !== null
				? { name: balance.cookie.name, attributes: cookieAttributes(balance) }
				: null,
		timed: balance.by === 'peak-ewma',
		cells,
		budget: new RetryBudget(cells, plan.retryBudget),
		breaker,
		suspectAfter: plan.outliers.failures || SUSPECT_AFTER,
		concurrency: plan.concurrency === null ? null : new ServiceLimit(cells, worker, sharesOf(prioritiesOf(plan))),
	};
}

/** The priorities that requests to its instances may have. */
function prioritiesOf(plan: ServicePlan): Set<Priority> {
	const asked = plan.routes.filter((route) => !answersItself(route));
	const policies = [plan, ...asked].map(({ priority }) => priority);
	return new Set(
		policies.flatMap(({ header, default: level }) => (header === null ? [Priority[level]] : Object.values(Priority))),
	);
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
