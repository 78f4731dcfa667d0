/** The provider for each kind of instances. */

import type { InstancesConfig, PlatformConfig } from '../instances/config.ts';
import { DnsProvider } from '../instances/dns/dns-provider.ts';
import { execProvider } from '../instances/exec/exec-provider.ts';
import { PlatformProvider } from '../instances/platform/platform-provider.ts';
import type { Provider } from '../instances/provider.ts';
import type { Processes } from '../instances/run/processes.ts';
import { RunProvider } from '../instances/run/run-provider.ts';
import { UrlsProvider } from '../instances/urls/urls-provider.ts';
import { openPlatform } from './open-platform.ts';

export interface ProviderNeeds {
	readonly processes: Processes;
	/** Instances to have, where that can be set. */
	readonly desired: number;
	readonly nativeAutoscaler: 'refuse' | 'warn';
	/** A platform's size is Ballast's to change. */
	readonly scales: boolean;
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
	const { nativeAutoscaler, scales } = needs;
	switch (instances.kind) {
		case 'urls':
			return new UrlsProvider(name, instances);
		case 'dns':
			return new DnsProvider(name, instances);
		case 'run':
			return new RunProvider({ service: name, config: instances, ...needs });
		case 'exec': {
			const provider = execProvider(name, instances);
			return Object.assign(provider, { nativeAutoscaler, scales });
		}
		default:
			return new PlatformProvider<PlatformConfig>({
				...{ service: name, config: instances, nativeAutoscaler, scales },
				open: (config) => openPlatform(name, config),
			});
	}
}
