/** How the instances of a service are probed: the same address, name and TLS that its requests go to. */
import type { ServiceConfig } from '../config/config.ts';
import type { ProbeTarget } from '../health/probe-target.ts';
import type { InstancesConfig } from '../instances/config.ts';
import type { ProvidedInstance } from '../instances/provider.ts';

/** All of a service's configuration that its probes depend on. */
export function probeSettings(config: ServiceConfig): unknown[] {
	return [config.health, config.upstream.tls, config.host, config.instances?.kind, tlsName(config)];
}

export function probeTarget(config: ServiceConfig, instance: ProvidedInstance): ProbeTarget {
	const { tls } = config.upstream;
	return {
		host: instance.host,
		port: instance.port,
		tls: instance.tls ? { ca: tls?.ca ?? null, serverName: tlsName(config), verify: tls?.verify ?? true } : null,
		hostHeader: hostHeader(config, instance),
		health: config.health,
		starting: config.instances?.kind === 'run',
	};
}

/**
 * The name that the certificates of a service's instances must be for; null: each instance's own
 * host. Instances behind a DNS name answer for that name, not for their addresses.
 */
export function tlsName(config: {
	instances: InstancesConfig | null;
	upstream: ServiceConfig['upstream'];
}): string | null {
	const { instances, upstream } = config;
	return upstream.tls?.serverName ?? (instances?.kind === 'dns' ? instances.name : null);
}

function hostHeader(config: ServiceConfig, instance: ProvidedInstance): string {
	if (config.host.kind === 'set') return config.host.value;
	const name = config.instances?.kind === 'dns' ? config.instances.name : instance.host;
	const host = name.includes(':') ? `[${name}]` : name;
	return instance.port === (instance.tls ? 443 : 80) ? host : `${host}:${instance.port}`;
}
