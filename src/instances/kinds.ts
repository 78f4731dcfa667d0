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

/** Why these instances cannot be given another size, and what would have to be there; null: they can. */
export function whyUnsized(instances: InstancesConfig): string | null {
	switch (instances.kind) {
		case 'urls':
		case 'dns':
			return 'they are run by somebody else';
		case 'gcp':
			return instances.machineTypes.length > 0
				? null
				: 'a size is one of their machine types; list those that may be chosen in `machineTypes`';
		case 'aws':
			return instances.instanceTypes.length > 0
				? null
				: 'a size is one of their types; list those that may be chosen in `instanceTypes`, with a `lifecycleHook`';
		case 'azure':
			return instances.sizes.length > 0
				? null
				: 'a size is one of their VM sizes; list those that may be chosen in `sizes`';
		case 'exec':
			return instances.commands.size === null ? 'that takes a command; name it in `exec.size`' : null;
		default:
			return null;
	}
}
