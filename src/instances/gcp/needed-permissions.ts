/** What will be needed later, asked of Resource Manager beforehand: that changes nothing and needs no permission. */
import { listAt } from '../platform/json-reading.ts';
import type { PermissionsFound } from '../platform/platform.ts';
import { asPlatformError, wordsOf } from '../platform/platform-call.ts';
import type { GcpConfig } from './config.ts';
import type { InstanceGroupApi } from './instance-group-api.ts';

/** Beside those that the first look has used. */
export function permissionsFor({ place, machineTypes }: GcpConfig): string[] {
	return [
		'compute.instanceGroupManagers.update',
		place.kind === 'zone' ? 'compute.zoneOperations.get' : 'compute.regionOperations.get',
		...(machineTypes.length === 0
			? []
			: [
					'compute.globalOperations.get',
					'compute.instanceTemplates.create',
					'compute.instanceTemplates.delete',
					'compute.instanceTemplates.get',
					'compute.instanceTemplates.useReadOnly',
					'compute.machineTypes.get',
				]),
	];
}

/** As they are granted in the project: what a single resource grants beside it is not seen. */
export async function findPermissions(
	api: InstanceGroupApi,
	config: GcpConfig,
	signal: AbortSignal,
): Promise<PermissionsFound> {
	const asked = permissionsFor(config);
	try {
		const granted = listAt(await api.testPermissions(asked, signal), 'permissions');
		return { missing: asked.filter((one) => !granted.includes(one)), untested: [], why: '' };
	} catch (error) {
		return { missing: [], untested: asked, why: wordsOf(asPlatformError(error)) };
	}
}
