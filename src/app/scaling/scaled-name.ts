import type { PoolConfig, ServiceConfig } from '../../config/config.ts';

/** A service's only pool is named for it, whatever roll-outs call it. */
export function scaledName(service: ServiceConfig, pool: PoolConfig): string {
	return service.pools.length === 1 ? service.name : `${service.name}/${pool.name}`;
}
