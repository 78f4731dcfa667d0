/** Sizes of what cannot be given any: refused, with what to do. */
import type { InstancesConfig } from '../instances/config.ts';
import type { ScaleInput } from '../scaling/config.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import { longScale } from './resolve-scale.ts';
import type { Place } from './scope.ts';

/** `scale`: what stands at `place` itself. */
export function checkSize(instances: InstancesConfig, scale: ScaleInput | undefined, place: Place): void {
	const { size, vertical } = longScale(scale);
	const why = whyUnsized(instances);
	if (why === null) return;
	const can = `instances of \`${instances.kind}\` cannot be given a size here`;
	if (size?.cpu !== undefined || size?.memory !== undefined) place.at('size').problem(`${can}: ${why}`, { at: 'key' });
	const mode = typeof vertical === 'object' ? vertical.mode : vertical;
	if (mode !== 'apply') return;
	const at = typeof vertical === 'object' ? place.at('vertical', 'mode') : place.at('vertical');
	at.problem(`${can}: ${why}; \`recommend\` only says what would do`, { value: mode });
}

/** What is inherited and cannot be done is left out: sizes are only recommended. */
export function sizeable(instances: InstancesConfig, scale: ScalePolicy): ScalePolicy {
	if (whyUnsized(instances) === null) return scale;
	const vertical = scale.vertical === null ? null : { ...scale.vertical, mode: 'recommend' as const };
	return { ...scale, size: { cpu: null, memoryBytes: null }, vertical };
}

/** What would have to be there; null: nothing is missing. */
function whyUnsized(instances: InstancesConfig): string | null {
	switch (instances.kind) {
		case 'gcp':
			return "it hangs on the group's instance template, which Ballast leaves alone; change it there";
		case 'aws':
			return instances.instanceTypes.length > 0
				? null
				: 'a size is one of their types; list those that may be chosen in `instanceTypes`, with a `lifecycleHook`';
		case 'azure':
			return instances.sizes.length > 0 ? null : 'a size is one of their VM sizes; list those that may be chosen in `sizes`';
		case 'exec':
			return instances.commands.size === null ? 'that takes a command; name it in `exec.size`' : null;
		default:
			return null;
	}
}
