/** The resolved configuration: what every other part reads. */
import type { BalanceConfig } from '../balancing/config.ts';
import type { ServiceConfig as GatewayServiceConfig, ListenConfig, NodeLimits } from '../gateway/config.ts';
import type { HealthConfig } from '../health/config.ts';
import type { InstancesConfig, ScaleConfig } from '../instances/config.ts';
import type { BreakerConfig, RetryBudgetConfig } from '../resilience/config.ts';

export interface ServiceConfig extends GatewayServiceConfig {
	instances: InstancesConfig | null;
	health: HealthConfig;
	balance: BalanceConfig;
	scale: ScaleConfig;
	/** null: every retry is allowed. */
	retryBudget: RetryBudgetConfig | null;
	breaker: BreakerConfig;
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
	limits: NodeLimits;
	/** CIDRs whose Forwarded and X-Forwarded-* fields are believed. */
	trust: string[];
	stop: { graceMs: number };
	/** In file order. */
	services: ServiceConfig[];
}
