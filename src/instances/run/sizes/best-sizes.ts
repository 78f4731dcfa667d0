import { findGroups } from './cgroup-place.ts';
import { NiceSizes } from './nice-sizes.ts';
import type { ProcessSizes } from './process-sizes.ts';

let chosen: ProcessSizes | null = null;

/** The best that this process may use; looked for once. */
export function bestSizes(): ProcessSizes {
	return (chosen ??= findGroups() ?? new NiceSizes());
}
