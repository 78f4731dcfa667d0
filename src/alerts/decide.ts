/** From what a rule finds to alerts that come, fire and end. Pure: time is an argument. */
import type { Labels } from '../core/metric.ts';
import { type Alert, alertKey } from './alert.ts';
import type { Observation } from './observe.ts';
import type { AlertRule } from './rule.ts';

/** Alerts of one rule; further combinations of labels are counted, not kept. */
export const MOST_PER_RULE = 100;
/** How long a firing alert outlives its data, and a pending one, ms. */
export const NO_DATA_MS = 60_000;
const PENDING_NO_DATA_MS = 30_000;
/** How long an ended alert is still shown, ms. */
export const KEPT_RESOLVED_MS = 3_600_000;
/** So many firings within this time are flapping; such an alert ends once it was quiet for as long as this. */
export const FLAPPING = { firings: 4, withinMs: 1_800_000, quietMs: 600_000 } as const;

export interface AlertChange {
	alert: Alert;
	/** `pending` alerts that never fired end as `inactive`. */
	to: 'pending' | 'firing' | 'resolved' | 'inactive';
}

export interface Decision {
	/** The rule's alerts from now on. */
	alerts: Alert[];
	changes: AlertChange[];
	/** Combinations of labels that found no room. */
	dropped: number;
}

interface Known {
	alerts: readonly Alert[];
	observations: readonly Observation[];
	nowMs: number;
}

export function decide(rule: AlertRule, { alerts, observations, nowMs }: Known): Decision {
	const found = new Map(observations.map((one) => [alertKey(rule.name, one.labels), one]));
	const decision: Decision = { alerts: [], changes: [], dropped: 0 };
	for (const alert of alerts) {
		const observation = found.get(alert.key);
		found.delete(alert.key);
		follow(decision, { rule, alert, nowMs }, observation);
	}
	for (const [key, observation] of found) {
		if (!observation.holds) continue;
		if (decision.alerts.length >= MOST_PER_RULE) decision.dropped++;
		else
			follow(
				decision,
				{ rule, alert: newAlert(key, { rule: rule.name, labels: observation.labels, nowMs }), nowMs },
				observation,
			);
	}
	return decision;
}

interface One {
	rule: AlertRule;
	alert: Alert;
	nowMs: number;
}

function follow(decision: Decision, one: One, observation: Observation | undefined): void {
	const { alert, nowMs } = one;
	const seen =
		observation === undefined ? alert : { ...alert, value: observation.value, limit: observation.limit, seenMs: nowMs };
	const next = observation?.holds ? held({ ...one, alert: seen }) : quiet({ ...one, alert: seen }, observation);
	if (next === null) {
		if (alert.state === 'pending') decision.changes.push({ alert: seen, to: 'inactive' });
		return;
	}
	decision.alerts.push(next);
	const began = alert.heldMs === 0 && next.state === 'pending';
	if (next.state !== alert.state || began) decision.changes.push({ alert: next, to: next.state });
}

function held({ rule, alert, nowMs }: One): Alert {
	const again = alert.state === 'resolved';
	const since = again ? { sinceMs: nowMs, endedMs: 0, reason: '' as const, acknowledged: null, causes: [] } : {};
	const next: Alert = { ...alert, ...since, state: again ? 'pending' : alert.state, heldMs: nowMs };
	if (next.state === 'firing' || nowMs - next.sinceMs < rule.forMs) return next;
	const firings = [...alert.firings, nowMs].filter((at) => nowMs - at < FLAPPING.withinMs).slice(-FLAPPING.firings);
	return { ...next, state: 'firing', firedMs: nowMs, firings, flapping: firings.length >= FLAPPING.firings };
}

/** null: nothing is left to keep. */
function quiet({ rule, alert, nowMs }: One, observation: Observation | undefined): Alert | null {
	if (alert.state === 'resolved') return nowMs - alert.endedMs > KEPT_RESOLVED_MS ? null : alert;
	if (alert.state === 'pending') {
		const unknown = observation === undefined && nowMs - alert.seenMs <= PENDING_NO_DATA_MS;
		if (unknown) return alert;
		// One that ended lately is shown on.
		return alert.firedMs === 0 ? null : { ...alert, state: 'resolved', endedMs: nowMs };
	}
	const keepMs = alert.flapping ? Math.max(rule.keepMs, FLAPPING.quietMs) : rule.keepMs;
	if (observation === undefined) {
		if (nowMs - alert.seenMs < Math.max(keepMs, NO_DATA_MS)) return alert;
		return { ...alert, state: 'resolved', endedMs: nowMs, reason: 'no data' };
	}
	// While it has not come back to where it ends, it counts as held.
	if (observation.stays) return { ...alert, heldMs: nowMs };
	if (nowMs - alert.heldMs < keepMs) return alert;
	return { ...alert, state: 'resolved', endedMs: nowMs };
}

function newAlert(key: string, { rule, labels, nowMs }: { rule: string; labels: Labels; nowMs: number }): Alert {
	return {
		key,
		rule,
		labels,
		state: 'pending',
		sinceMs: nowMs,
		firedMs: 0,
		endedMs: 0,
		heldMs: 0,
		seenMs: nowMs,
		value: 0,
		limit: 0,
		firings: [],
		flapping: false,
		reason: '',
		acknowledged: null,
		causes: [],
	};
}
