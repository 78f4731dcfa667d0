import { formatSize } from '../../core/units.ts';
import type { InstanceSize } from '../../scaling/policy.ts';

/** `0.5 cores, 256MiB`. */
export function sizeText({ cpu, memoryBytes }: Readonly<InstanceSize>): string {
	const cores = cpu === null ? 'CPU unbounded' : `${cpu} ${cpu === 1 ? 'core' : 'cores'}`;
	return `${cores}, ${memoryBytes === null ? 'memory unbounded' : formatSize(memoryBytes)}`;
}
