/** Which alerts are not told because another one says more. */
import type { Labels } from '../core/metric.ts';
import type { Alert } from './alert.ts';
import type { AlertRule } from './rule.ts';

/** The firing alert that inhibits this one; undefined: none. What both say of service, pool, route and instance must agree. */
export function inhibitorOf(
	alert: Alert,
	firing: readonly Alert[],
	rules: ReadonlyMap<string, AlertRule>,
): Alert | undefined {
	return firing.find(
		(other) =>
			other.rule !== alert.rule &&
			other.state === 'firing' &&
			rules.get(other.rule)?.inhibits.includes(alert.rule) === true &&
			agree(other.labels, alert.labels),
	);
}

/** The one that inhibits may say less, never something else. */
function agree(inhibitor: Labels, labels: Labels): boolean {
	return Object.entries(inhibitor).every(([name, value]) => labels[name] === undefined || labels[name] === value);
}
