import { globFits } from '../core/glob.ts';
import type { Where } from '../core/metric.ts';

/** Whether a series is within what is asked for. */
export function fits(where: Where, labels: readonly string[], values: readonly string[]): boolean {
	for (const label in where) {
		const at = labels.indexOf(label);
		if (at < 0 || !globFits(where[label] as string, values[at] ?? '')) return false;
	}
	return true;
}
