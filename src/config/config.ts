/** The resolved configuration: what every other part reads. */
import type { ChannelConfig } from '../alerts/channel-config.ts';
import type { AlertsConfig } from '../alerts/config.ts';
import type { HeartbeatConfig } from '../alerts/heartbeat.ts';
import type { BalanceConfig } from '../balancing/config.ts';
import type { FailoverConfig } from '../balancing/failover-config.ts';
import type { CacheConfig, CachePolicy } from '../cache/cache-policy.ts';
import type { PurgeConfig } from '../cdn/config.ts';
import type { DeployConfig } from '../deploy/config.ts';
import type { ServiceConfig as GatewayServiceConfig, ListenConfig, NodeLimits } from '../gateway/config.ts';
import type { TrustEntry } from '../gateway/trust-config.ts';
import type { HealthConfig } from '../health/config.ts';
import type { OutlierConfig } from '../health/outlier-config.ts';
import type { InstancesConfig } from '../instances/config.ts';
import type { JobsConfig, OffloadPolicy } from '../jobs/offload-policy.ts';
import type { LogsConfig } from '../logs/config.ts';
import type { MetricsConfig, ObjectiveConfig } from '../metrics/config.ts';
import type { Destination } from '../otlp/destination.ts';
import type { ReceiveConfig, ScrapeConfig } from '../otlp/receive-config.ts';
import type { StateConfig } from '../redis/config.ts';
import type { BreakerConfig, RetryBudgetConfig } from '../resilience/config.ts';
import type { ConcurrencyConfig, OverloadConfig } from '../resilience/overload-config.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import type { StoreConfig } from '../store/config.ts';
import type { TracesConfig } from '../traces/config.ts';

/** Instances of a service that come and go, are counted and take their share of the traffic together. */
export interface PoolConfig {
	/** `main` where the service's `instances` say it. */
	name: string;
	instances: InstancesConfig;
	scale: ScalePolicy;
	/** 1 is first; others take over when those before them lack ready instances. */
	priority: number;
	/** Where it is: a region is drained as a whole. null: nothing is said of it. */
	region: string | null;
	/** Share among pools of the same priority, for each ready instance; 1 is normal. */
	weight: number;
	/** Pages of metrics that are read of each instance. */
	scrape: ScrapeConfig[];
}

/** The name of a service's only pool. */
export const MAIN_POOL = 'main';

export interface ServiceConfig extends GatewayServiceConfig {
	/** In order of priority; empty only when all answers are fixed. */
	pools: PoolConfig[];
	/** null: there is no second pool. */
	failover: FailoverConfig | null;
	health: HealthConfig;
	outliers: OutlierConfig;
	/** Time in which an instance that is new, or back, gets from a tenth of its weight to all of it, ms; 0: off. */
	slowStartMs: number;
	balance: BalanceConfig;
	/** null: every retry is allowed. */
	retryBudget: RetryBudgetConfig | null;
	breaker: BreakerConfig;
	/** How a new version takes over. */
	deploy: DeployConfig;
	/** null: no limit. */
	concurrency: ConcurrencyConfig | null;
	/** null: nothing is promised. */
	objective: ObjectiveConfig | null;
	/** Of each route, by its name. */
	routeObjectives: Readonly<Record<string, ObjectiveConfig | null>>;
	/** null: nothing is cached. */
	cache: CachePolicy | null;
	/** Of each route, by its name. */
	routeCaches: Readonly<Record<string, CachePolicy | null>>;
	/** null: its requests never become jobs. */
	offload: OffloadPolicy | null;
	/** Of each route, by its name. */
	routeOffloads: Readonly<Record<string, OffloadPolicy | null>>;
}

export interface AdminConfig {
	host: string;
	port: number;
}

export interface Config {
	version: 1;
	listen: ListenConfig[];
	/** null: no admin listener. Default 127.0.0.1:9900. */
	admin: AdminConfig | null;
	/** Threads of the data plane, 1…32. */
	workers: number;
	/** `overload` null: off. */
	limits: NodeLimits & { overload: OverloadConfig | null };
	/** CIDRs whose Forwarded and X-Forwarded-* fields are believed. */
	trust: TrustEntry[];
	/** This node's name in CDN-Loop; null: loops are not looked for. */
	cdnLoop: string | null;
	/** Who may purge by HTTP, and who is told; secrets are in it. */
	purge: PurgeConfig;
	stop: { graceMs: number };
	alerts: AlertsConfig;
	/** Who is told of alerts; their secrets are in it. */
	channels: ChannelConfig[];
	/** null: none. */
	heartbeat: HeartbeatConfig | null;
	/** null: nothing lasts. */
	store: StoreConfig | null;
	logs: LogsConfig;
	/** null: none are kept. */
	traces: TracesConfig | null;
	/** Where OTLP is pushed to. */
	exports: Destination[];
	/** null: nothing is received. */
	receive: ReceiveConfig | null;
	metrics: MetricsConfig;
	/** Used once a service or route has `offload`. */
	jobs: JobsConfig;
	/** Used once a service or route has `cache`. */
	cache: CacheConfig;
	/** What several nodes share; secrets are in it. */
	state: StateConfig;
	/** In file order. */
	services: ServiceConfig[];
}
