/** Sizes of what cannot be given any: refused, with what to do. */
import type { InstancesConfig } from '../instances/config.ts';
import { hasSize, whyUnsized } from '../instances/kinds.ts';
import type { ScaleInput } from '../scaling/config.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import { longScale } from './resolve-scale.ts';
import type { Place } from './scope.ts';

/** `scale`: what stands at `place` itself. */
export function checkSize(instances: InstancesConfig, scale: ScaleInput | undefined, place: Place): void {
	const { size, vertical } = longScale(scale);
	const why = whyUnsized(instances);
	// That the whole `scale` has no effect is told elsewhere.
	if (why === null || !hasSize(instances)) return;
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
