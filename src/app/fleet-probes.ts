/** How the instances of a pool are probed: the same address, name and TLS that its requests go to. */
import type { PoolConfig, ServiceConfig } from '../config/config.ts';
import type { ProbeTarget } from '../health/probe-target.ts';
import type { ProvidedInstance } from '../instances/provider.ts';
import type { PoolOf } from './pool-key.ts';

/** All of the configuration that a pool's probes depend on. */
export function probeSettings({ service, pool }: PoolOf): unknown[] {
	return [service.health, service.upstream.tls, service.host, pool.instances.kind, tlsName(service, pool)];
}

export function probeTarget(config: PoolOf, instance: ProvidedInstance): ProbeTarget {
	const { service, pool } = config;
	const { tls } = service.upstream;
	return {
		host: instance.host,
		port: instance.port,
		tls: instance.tls ? { ca: tls?.ca ?? null, serverName: tlsName(service, pool), verify: tls?.verify ?? true } : null,
		hostHeader: hostHeader(config, instance),
		health: service.health,
		starting: pool.instances.kind === 'run',
	};
}

/**
 * The name that the certificates of a pool's instances must be for; null: each instance's own
 * host. Instances behind a DNS name answer for that name, not for their addresses.
 */
export function tlsName({ upstream }: Pick<ServiceConfig, 'upstream'>, { instances }: PoolConfig): string | null {
	return upstream.tls?.serverName ?? (instances.kind === 'dns' ? instances.name : null);
}

function hostHeader({ service, pool }: PoolOf, instance: ProvidedInstance): string {
	if (service.host.kind === 'set') return service.host.value;
	const name = pool.instances.kind === 'dns' ? pool.instances.name : instance.host;
	const host = name.includes(':') ? `[${name}]` : name;
	return instance.port === (instance.tls ? 443 : 80) ? host : `${host}:${instance.port}`;
}
