/** The platform that a configuration's instances are of. */
import { AzurePlatform } from '../instances/azure/azure-platform.ts';
import type { InstancesConfig } from '../instances/config.ts';
import { GcpPlatform } from '../instances/gcp/gcp-platform.ts';
import type { Platform } from '../instances/platform/platform.ts';

/** null: they are of none; Ballast knows or runs them itself. */
export function platformOf(instances: InstancesConfig): Platform | null {
	if (instances.kind === 'azure') return new AzurePlatform(instances);
	return instances.kind === 'gcp' ? new GcpPlatform(instances) : null;
}
