/** The provider for each kind of instances. */

import { AwsPlatform } from '../instances/aws/aws-platform.ts';
import { AzurePlatform } from '../instances/azure/azure-platform.ts';
import type { InstancesConfig } from '../instances/config.ts';
import { DnsProvider } from '../instances/dns/dns-provider.ts';
import { execProvider } from '../instances/exec/exec-provider.ts';
import { GcpPlatform } from '../instances/gcp/gcp-platform.ts';
import { KubernetesPlatform } from '../instances/kubernetes/kubernetes-platform.ts';
import { PlatformProvider, type PlatformProviderOptions } from '../instances/platform/platform-provider.ts';
import type { Provider } from '../instances/provider.ts';
import type { Processes } from '../instances/run/processes.ts';
import { RunProvider } from '../instances/run/run-provider.ts';
import { UrlsProvider } from '../instances/urls/urls-provider.ts';

export interface ProviderNeeds {
	readonly processes: Processes;
	/** Instances to have, where that can be set. */
	readonly desired: number;
	readonly nativeAutoscaler: 'refuse' | 'warn';
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
	const { nativeAutoscaler } = needs;
	switch (instances.kind) {
		case 'urls':
			return new UrlsProvider(name, instances);
		case 'dns':
			return new DnsProvider(name, instances);
		case 'kubernetes':
			return platform({
				service: name,
				config: instances,
				nativeAutoscaler,
				open: (one) => new KubernetesPlatform(one),
			});
		case 'run':
			return new RunProvider({ service: name, config: instances, ...needs });
		case 'aws':
			return platform({ service: name, config: instances, nativeAutoscaler, open: (one) => new AwsPlatform(one) });
		case 'azure':
			return platform({ service: name, config: instances, nativeAutoscaler, open: (one) => new AzurePlatform(one) });
		case 'gcp':
			return platform({ service: name, config: instances, nativeAutoscaler, open: (one) => new GcpPlatform(one) });
		case 'exec': {
			const provider = execProvider(name, instances);
			provider.nativeAutoscaler = nativeAutoscaler;
			return provider;
		}
	}
}

const platform = <C extends { kind: string }>(options: PlatformProviderOptions<C>): PlatformProvider<C> =>
	new PlatformProvider(options);
