/** Members that their platform ended for want of memory, told once each. */
import { formatSize } from '../../core/units.ts';
import type { InstanceEvent } from '../provider.ts';
import type { Entry } from './member-set.ts';

/** What came since the last look. What was there before the first one is old news. */
export function tellMemoryEnds(entries: readonly Entry[]): InstanceEvent[] {
	const events: InstanceEvent[] = [];
	for (const entry of entries) {
		const ends = entry.member.memoryEnds ?? null;
		if (ends === null) continue;
		const before = entry.memoryEnds ?? ends.count;
		entry.memoryEnds = ends.count;
		if (ends.count <= before) continue;
		const { memoryBytes } = ends;
		const given =
			memoryBytes === null ? 'memory that it had' : `${formatSize(memoryBytes)} of memory that it could have`;
		events.push({
			instance: entry.id,
			kind: 'out_of_memory',
			level: 'warn',
			text: `${entry.id} was ended by its platform: it needed more than the ${given}`,
			...(memoryBytes === null ? {} : { memoryBytes }),
		});
	}
	return events;
}
