/** The provider for each kind of instances. */

import { AwsPlatform } from '../instances/aws/aws-platform.ts';
import { AzurePlatform } from '../instances/azure/azure-platform.ts';
import type { InstancesConfig } from '../instances/config.ts';
import { DnsProvider } from '../instances/dns/dns-provider.ts';
import { GcpPlatform } from '../instances/gcp/gcp-platform.ts';
import { PlatformProvider } from '../instances/platform/platform-provider.ts';
import type { Provider } from '../instances/provider.ts';
import type { Processes } from '../instances/run/processes.ts';
import { RunProvider } from '../instances/run/run-provider.ts';
import { UrlsProvider } from '../instances/urls/urls-provider.ts';

export interface ProviderNeeds {
	readonly processes: Processes;
	/** Instances to have, where that can be set. */
	readonly desired: number;
}

/** A provider for the instances of a pool; it takes later configurations of the same kind by `apply`. */
export function createProvider(
	name: string,
	instances: InstancesConfig,
	needs: ProviderNeeds,
): Provider<InstancesConfig> {
	return create(name, instances, needs) as Provider<InstancesConfig>;
}

function create(name: string, instances: InstancesConfig, needs: ProviderNeeds): Provider<never> {
	switch (instances.kind) {
		case 'urls':
			return new UrlsProvider(name, instances);
		case 'dns':
			return new DnsProvider(name, instances);
		case 'azure':
			return new PlatformProvider({ service: name, config: instances, open: (config) => new AzurePlatform(config) });
		case 'gcp':
			return new PlatformProvider({ service: name, config: instances, open: (config) => new GcpPlatform(config) });
		case 'run':
			return new RunProvider({ service: name, config: instances, ...needs });
		case 'aws':
			return new PlatformProvider({ service: name, config: instances, open: (config) => new AwsPlatform(config) });
	}
}
