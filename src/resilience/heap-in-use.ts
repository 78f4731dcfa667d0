import { getHeapSpaceStatistics } from 'node:v8';
import { resourceLimits } from 'node:worker_threads';

/**
 * The share of this worker thread's heap that is in use, 0…1. Only the old generation is bounded by
 * `maxOldGenerationSizeMb`: the young one makes V8's own `heap_size_limit` larger than what ends a thread.
 * Costs 5 µs. 0 in a thread without limits.
 */
export function heapInUse(): number {
	const mostBytes = (resourceLimits?.maxOldGenerationSizeMb ?? 0) * 1_048_576;
	if (mostBytes <= 0) return 0;
	let used = 0;
	for (const { space_name: name, space_used_size: bytes } of getHeapSpaceStatistics())
		if (!name.startsWith('new_')) used += bytes;
	return used / mostBytes;
}
