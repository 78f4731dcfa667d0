/** The resolved configuration, written again as a person would write it: all defaults told, long forms, absolute paths. */
import type { FailoverConfig } from '../balancing/failover-config.ts';
import { formatDuration, formatShare, formatSize } from '../core/units.ts';
import type { DeployConfig } from '../deploy/config.ts';
import type {
	HeaderPolicy,
	ListenConfig,
	MatchConfig,
	Policy,
	RetryPolicy,
	RouteConfig,
	UpstreamConfig,
} from '../gateway/config.ts';
import type { HealthConfig } from '../health/config.ts';
import type { OutlierConfig } from '../health/outlier-config.ts';
import type { InstancesConfig, RunConfig, UrlInstance } from '../instances/config.ts';
import { hasSize, isPlatform } from '../instances/kinds.ts';
import { alertingForm } from './alerts-form.ts';
import { cacheForm, nodeCacheForm } from './cache-form.ts';
import { cdnForm, purgeForm, trustForm } from './cdn-form.ts';
import { commandForm, environmentForm } from './command-form.ts';
import { type Config, MAIN_POOL, type PoolConfig, type ServiceConfig } from './config.ts';
import { logsForm } from './logs-form.ts';
import { metricsForm, objectiveForm } from './metrics-form.ts';
import { jobsForm, offloadForm } from './offload-form.ts';
import { concurrencyForm, overloadForm, priorityForm } from './overload-form.ts';
import { platformForm } from './platform-form.ts';
import { namesSecret } from './problem.ts';
import { rateLimitForm, routeLimitsForm } from './rate-limit-form.ts';
import { compressForm } from './resolve-compress.ts';
import { filesForm } from './resolve-files.ts';
import { matchOfRouteName } from './resolve-match.ts';
import { scaleForm } from './scale-form.ts';
import { stateForm } from './state-form.ts';
import { exportForm, receiveForm, scrapeForm, tracesForm } from './telemetry-form.ts';

/** Plain data. */
export type Form = Record<string, unknown>;

export interface FormOptions {
	/** What stands for a secret. */
	secret(value: string): unknown;
	/** Whether routes tell what they have from their service, too. */
	fullRoutes: boolean;
	/** What stands for an address that somebody is told at. Default: itself. */
	address?(url: string): unknown;
}

export function userForm(config: Config, options: FormOptions): Form {
	const { limits } = config;
	return {
		version: 1,
		listen: config.listen.map(listenForm),
		admin: config.admin === null ? 'off' : { ...config.admin },
		workers: config.workers,
		store: config.store === null ? 'off' : config.store.folder === null ? {} : { folder: config.store.folder },
		limits: {
			head: { time: formatDuration(limits.headMs), size: formatSize(limits.headBytes), fields: limits.headFields },
			target: formatSize(limits.targetBytes),
			keepAlive: formatDuration(limits.keepAliveMs),
			connections: limits.connections,
			hold: { requests: limits.holdRequests, size: formatSize(limits.holdBytes) },
			connectionsPerAddress: limits.connectionsPerAddress,
			overload: overloadForm(limits.overload),
		},
		underscores: limits.underscores,
		...(config.trust.length === 0 ? {} : { trust: trustForm(config.trust) }),
		...(config.cdnLoop === null ? {} : { cdnLoop: config.cdnLoop }),
		...purgeForm(config.purge, options),
		metrics: metricsForm(config.metrics),
		cache: nodeCacheForm(config, options.secret),
		...stateForm(config.state, options),
		jobs: jobsForm(config.jobs, options),
		stop: { grace: formatDuration(config.stop.graceMs) },
		...alertingForm(config, options),
		logs: logsForm(config.logs),
		traces: tracesForm(config.traces),
		...(config.exports.length === 0 ? {} : { export: exportForm(config.exports, options.secret) }),
		receive: receiveForm(config.receive, options.secret),
		services: Object.fromEntries(config.services.map((service) => [service.name, serviceForm(service, options)])),
	};
}

function listenForm({ host, port, tls }: ListenConfig): Form {
	return {
		port,
		host,
		...(tls === null ? {} : { tls: { certificates: tls.certificates, minVersion: tls.minVersion } }),
	};
}

function serviceForm(service: ServiceConfig, options: FormOptions): Form {
	const { match, routes } = service;
	const only = plainPool(service.pools);
	return {
		...(match.length === 0 ? {} : { match: match.map(matchForm) }),
		...(only === null ? poolsForm(service.pools, options) : { instances: instancesForm(only.instances, options) }),
		...(only === null ? {} : scrapeForm(only.scrape)),
		health: healthForm(service.health, options),
		outliers: outliersForm(service.outliers),
		slowStart: service.slowStartMs === 0 ? 'off' : formatDuration(service.slowStartMs),
		balance: balanceForm(service),
		...(service.failover === null ? {} : { failover: failoverForm(service.failover) }),
		...(only !== null && hasSize(only.instances) ? { scale: scaleForm(only.scale, options.secret) } : {}),
		upstream: upstreamForm(service.upstream),
		...protectionForm(service),
		deploy: deployForm(service.deploy),
		concurrency: concurrencyForm(service.concurrency),
		...policyForm(service, options),
		objective: objectiveForm(service.objective),
		cache: cacheForm(service.cache),
		offload: offloadForm(service.offload, { limits: true, secret: options.secret }),
		rateLimit: rateLimitForm(service.rateLimit),
		...(routes.length === 0
			? {}
			: { routes: Object.fromEntries(routes.map((route) => [route.name, routeForm(route, service, options)])) }),
	};
}

function matchForm({ host, path, methods, header }: MatchConfig): Form {
	return {
		...(host === null ? {} : { host }),
		...(path === null ? {} : { path }),
		...(methods === null ? {} : { method: methods }),
		...(header === null
			? {}
			: { header: header.value === null ? header.name : { name: header.name, value: header.value } }),
	};
}

/** The pool that `instances` says, if that is all that there is to say. */
function plainPool(pools: readonly PoolConfig[]): PoolConfig | null {
	const [only] = pools;
	if (only === undefined || pools.length > 1) return null;
	const { name, priority, region, weight } = only;
	return name === MAIN_POOL && priority === 1 && region === null && weight === 1 ? only : null;
}

function poolsForm(pools: readonly PoolConfig[], options: FormOptions): Form {
	if (pools.length === 0) return {};
	return { pools: Object.fromEntries(pools.map((pool) => [pool.name, poolForm(pool, options)])) };
}

function poolForm({ instances, scale, priority, region, weight, scrape }: PoolConfig, options: FormOptions): Form {
	return {
		instances: instancesForm(instances, options),
		...(hasSize(instances) ? { scale: scaleForm(scale, options.secret) } : {}),
		priority,
		...(region === null ? {} : { region }),
		weight,
		...scrapeForm(scrape),
	};
}

function instancesForm(instances: InstancesConfig, options: FormOptions): Form {
	if (instances.kind === 'run') return runForm(instances, options);
	if (isPlatform(instances)) return platformForm(instances, options.secret);
	if (instances.kind === 'urls') {
		return {
			urls: instances.urls.map((one) => (one.weight === 1 ? urlOf(one) : { url: urlOf(one), weight: one.weight })),
		};
	}
	const { name, port, tls, resolveMs, family, resolver } = instances;
	return {
		dns: `${tls ? 'https' : 'http'}://${name}:${port}`,
		resolve: formatDuration(resolveMs),
		family,
		...(resolver === null ? {} : { resolver }),
	};
}

export function urlOf({ host, port, tls }: Pick<UrlInstance, 'host' | 'port' | 'tls'>): string {
	return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function runForm({ command, cwd, env, secretEnv, user, graceMs, startMs }: RunConfig, { secret }: FormOptions): Form {
	return {
		run: commandForm(command),
		cwd,
		...environmentForm({ env, secretEnv }, secret),
		...(user === null ? {} : { user }),
		grace: formatDuration(graceMs),
		start: formatDuration(startMs),
	};
}

function healthForm(health: HealthConfig, { secret }: FormOptions): Form {
	const { kind, method, path, headers, secretHeaders, body, statuses } = health;
	const ranges = statuses.map(([from, to]) => (from === to ? from : `${from}-${to}`));
	const hidden = (name: string) => secretHeaders.includes(name.toLowerCase()) || namesSecret(name);
	const shown = headers.map(([name, value]) => [name, hidden(name) ? secret(value) : value]);
	return {
		kind,
		...(kind === 'http' ? { method, path } : {}),
		...(shown.length === 0 ? {} : { headers: Object.fromEntries(shown) }),
		...(body === null ? {} : { body: body.kind === 'text' ? body.text : { matches: body.source } }),
		interval: formatDuration(health.intervalMs),
		timeout: formatDuration(health.timeoutMs),
		healthyAfter: health.healthyAfter,
		unhealthyAfter: health.unhealthyAfter,
		...(kind === 'http' ? { statuses: ranges.length === 1 ? ranges[0] : ranges } : {}),
	};
}

function outliersForm(outliers: OutlierConfig): Form {
	const { successRate, latency, ejection } = outliers;
	return {
		failures: outliers.failures || 'off',
		connectFailures: outliers.connectFailures || 'off',
		flaps: outliers.flaps || 'off',
		successRate: successRate === null ? 'off' : { ...successRate },
		latency: latency === null ? 'off' : { factor: latency.factor, least: formatDuration(latency.leastMs) },
		window: formatDuration(outliers.windowMs),
		ejection: { base: formatDuration(ejection.baseMs), most: formatDuration(ejection.mostMs) },
		most: formatShare(outliers.most),
		panic: outliers.panic === 0 ? 'off' : formatShare(outliers.panic),
	};
}

function balanceForm({ balance: { by, key, loadFactor, cookie } }: ServiceConfig): Form {
	return {
		by,
		...(key === null ? {} : { key: key.from === 'address' ? 'address' : `${key.from}:${key.name}`, loadFactor }),
		...(cookie === null
			? {}
			: { cookie: { name: cookie.name, ...(cookie.ttlMs === null ? {} : { ttl: formatDuration(cookie.ttlMs) }) } }),
	};
}

function failoverForm({ threshold, back, holdMs, warmUp }: FailoverConfig): Form {
	return {
		threshold: formatShare(threshold),
		back: formatShare(back),
		hold: formatDuration(holdMs),
		warmUp: warmUp === 0 ? 'off' : formatShare(warmUp),
	};
}

function deployForm({ steps, by, mirror, instances, everyMs, giveUpMs, ...rest }: DeployConfig): Form {
	return {
		...(by.kind === 'weight' ? { steps: steps.map(formatShare) } : {}),
		every: formatDuration(everyMs),
		requests: rest.requests,
		errors: formatShare(rest.errors),
		latency: rest.latency ?? 'off',
		by: by.kind === 'weight' ? by.kind : `${by.kind}:${by.name}`,
		mirror: mirror === 0 ? 'off' : formatShare(mirror),
		...(instances === null ? {} : { instances }),
		giveUp: formatDuration(giveUpMs),
	};
}

function upstreamForm({ connections, idleMs, tls }: UpstreamConfig): Form {
	return {
		connections,
		idle: formatDuration(idleMs),
		...(tls === null
			? {}
			: {
					tls: {
						...(tls.ca === null ? {} : { ca: tls.ca }),
						...(tls.serverName === null ? {} : { serverName: tls.serverName }),
						verify: tls.verify,
					},
				}),
	};
}

function protectionForm({ retryBudget, breaker }: ServiceConfig): Form {
	const budget = retryBudget === null ? 'off' : { share: formatShare(retryBudget.share), floor: retryBudget.floor };
	return {
		retryBudget: budget,
		breaker: { inFlight: breaker.inFlight === 0 ? 'off' : breaker.inFlight, waiting: breaker.waiting },
	};
}

function retryForm({ attempts, connect, reset, timeout, statuses, attemptMs, bodyBytes }: RetryPolicy): Form {
	const on = [
		...(connect ? ['connect'] : []),
		...(reset ? ['reset'] : []),
		...(timeout ? ['timeout'] : []),
		...statuses,
	];
	return {
		attempts,
		on,
		...(attemptMs === 0 ? {} : { timeout: formatDuration(attemptMs) }),
		body: formatSize(bodyBytes),
	};
}

function policyForm(policy: Policy, options: FormOptions): Form {
	const { timeouts, host, path } = policy;
	const request = headersForm(policy.requestHeaders, options);
	const response = headersForm(policy.responseHeaders, options);
	return {
		timeouts: {
			connect: formatDuration(timeouts.connectMs),
			firstByte: formatDuration(timeouts.firstByteMs),
			request: formatDuration(timeouts.requestMs),
			idle: formatDuration(timeouts.streamIdleMs),
		},
		limits: { body: formatSize(policy.bodyBytes) },
		retry: retryForm(policy.retry),
		hold: policy.holdMs === 0 ? 'off' : formatDuration(policy.holdMs),
		host: host.kind === 'set' ? { set: host.value } : host.kind,
		strip: path.strip ?? 'off',
		rewrite: path.rewrite === null ? 'off' : { from: path.rewrite.pattern, to: path.rewrite.replacement },
		priority: priorityForm(policy.priority),
		cdn: cdnForm(policy.cdn),
		compress: compressForm(policy.compress),
		...(request === null && response === null
			? {}
			: { headers: { ...(request === null ? {} : { request }), ...(response === null ? {} : { response }) } }),
	};
}

function headersForm({ set, remove, secret: secretNames }: HeaderPolicy, { secret }: FormOptions): Form | null {
	if (set.length === 0 && remove.length === 0) return null;
	const hidden = (name: string) => secretNames?.includes(name.toLowerCase()) || namesSecret(name);
	const shown = set.map(([name, value]) => [name, hidden(name) ? secret(value) : value]);
	return {
		...(set.length === 0 ? {} : { set: Object.fromEntries(shown) }),
		...(remove.length === 0 ? {} : { remove }),
	};
}

function routeForm(route: RouteConfig, service: ServiceConfig, options: FormOptions): Form {
	const { name, match, respond, redirect, files } = route;
	const said = JSON.stringify(matchOfRouteName(name)) === JSON.stringify(match);
	const named = matchForm(match);
	const own = policyForm(route, options);
	const told = options.fullRoutes ? own : differences(own, policyForm(service, options));
	const limits = routeLimitsForm(route, service);
	const [promised, general] = [service.routeObjectives[name] ?? null, service.objective].map(objectiveForm);
	const [cached, inherited] = [service.routeCaches[name] ?? null, service.cache].map(cacheForm);
	const [queued, queuing] = [service.routeOffloads[name] ?? null, service.offload].map((policy) =>
		offloadForm(policy, { limits: policy?.queue !== service.name, secret: options.secret }),
	);
	const same = JSON.stringify(promised) === JSON.stringify(general) && !options.fullRoutes;
	return {
		...(said ? {} : { match: Object.keys(named).length === 0 ? '/*' : named }),
		...(respond === null ? {} : { respond: { ...respond, headers: Object.fromEntries(respond.headers) } }),
		...(redirect === null ? {} : { redirect: { ...redirect } }),
		...(files === null ? {} : { files: filesForm(files) }),
		...told,
		...(same ? {} : { objective: promised }),
		...(JSON.stringify(cached) === JSON.stringify(inherited) && !options.fullRoutes ? {} : { cache: cached }),
		...(JSON.stringify(queued) === JSON.stringify(queuing) && !options.fullRoutes ? {} : { offload: queued }),
		...(limits === undefined ? {} : { rateLimit: limits }),
	};
}

/** The keys whose values differ; of `timeouts` only those that do. */
function differences(own: Form, inherited: Form): Form {
	const differing = Object.entries(own).filter(
		([key, value]) => JSON.stringify(value) !== JSON.stringify(inherited[key]),
	);
	return Object.fromEntries(
		differing.map(([key, value]) =>
			key === 'timeouts' ? [key, differences(value as Form, inherited[key] as Form)] : [key, value],
		),
	);
}
