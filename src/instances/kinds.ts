/** What the kinds of instances have in common. Loads no zod. */
import type { DnsConfig, InstancesConfig, PlatformConfig, UrlsConfig } from './config.ts';

/** Whether the number of instances is set by Ballast. */
export function isSized<C extends InstancesConfig>(instances: C): instances is Exclude<C, UrlsConfig | DnsConfig> {
	return instances.kind !== 'urls' && instances.kind !== 'dns';
}

/** Whether they are a platform's. */
export function isPlatform(instances: InstancesConfig): instances is PlatformConfig {
	return isSized(instances) && instances.kind !== 'run';
}
