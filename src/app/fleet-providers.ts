/** The provider for each kind of instances. */
import type { ServiceConfig } from '../config/config.ts';
import type { InstancesConfig } from '../instances/config.ts';
import { DnsProvider } from '../instances/dns/dns-provider.ts';
import type { Provider } from '../instances/provider.ts';
import type { Processes } from '../instances/run/processes.ts';
import { RunProvider } from '../instances/run/run-provider.ts';
import { UrlsProvider } from '../instances/urls/urls-provider.ts';

export interface ProviderNeeds {
	readonly processes: Processes;
	/** Instances to have, where that can be set. */
	readonly desired: number;
}

/** A provider for the instances of a service; it takes later configurations of the same kind by `apply`. */
export function createProvider(
	service: ServiceConfig,
	instances: InstancesConfig,
	needs: ProviderNeeds,
): Provider<InstancesConfig> {
	return create(service.name, instances, needs) as Provider<InstancesConfig>;
}

function create(service: string, instances: InstancesConfig, needs: ProviderNeeds): Provider<never> {
	switch (instances.kind) {
		case 'urls':
			return new UrlsProvider(service, instances);
		case 'dns':
			return new DnsProvider(service, instances);
		case 'run':
			return new RunProvider({ service, config: instances, ...needs });
	}
}
