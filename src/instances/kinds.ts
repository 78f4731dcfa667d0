/** What the kinds of instances have in common. Loads no zod. */
import type { InstancesConfig, PlatformConfig } from './config.ts';
import { hasSize } from './has-size.ts';

/** Whether they are a platform's. */
export function isPlatform(instances: InstancesConfig): instances is PlatformConfig {
	return hasSize(instances) && instances.kind !== 'run';
}
