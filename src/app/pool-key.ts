import { MAIN_POOL, type PoolConfig, type ServiceConfig } from '../config/config.ts';

/** A pool and the service that it belongs to. */
export interface PoolOf {
	readonly service: ServiceConfig;
	readonly pool: PoolConfig;
}

/**
 * What stands for a pool where a name must be unique in the node: `videos` for the pool `main`,
 * `videos/standby` for another, so that the instances of `main` keep their names when others come.
 */
export function poolKey(service: string, pool: string): string {
	return pool === MAIN_POOL ? service : `${service}/${pool}`;
}

/** Service and pool of `videos/standby`; without a `/` no pool is named. */
export function splitPoolKey(key: string): { service: string; pool: string | null } {
	const at = key.indexOf('/');
	return at < 0 ? { service: key, pool: null } : { service: key.slice(0, at), pool: key.slice(at + 1) };
}
