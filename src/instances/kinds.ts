/** What the kinds of instances have in common. Loads no zod. */
import type { InstancesConfig, PlatformConfig } from './config.ts';

/** Whether the number of these instances can be set. */
export function hasSize({ kind }: Pick<InstancesConfig, 'kind'>): boolean {
	return kind !== 'urls' && kind !== 'dns';
}

/** Whether they are a platform's. */
export function isPlatform(instances: InstancesConfig): instances is PlatformConfig {
	return hasSize(instances) && instances.kind !== 'run';
}
