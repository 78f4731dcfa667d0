/** What outlives a restart. What is read back was written by another version, or by nobody knows whom: all of it is checked. */
import { type Acknowledgement, type Alert, alertKey, keptLabels } from './alert.ts';
import type { GroupState } from './notices.ts';
import { MOST_SILENCES, type Silence } from './silence.ts';

export interface SavedState {
	version: 1;
	alerts: readonly Alert[];
	groups: readonly GroupState[];
	silences: readonly Silence[];
}

/** Where alerts are kept over restarts. Both may take their time; what `load` rejects with, or gives, does no harm. */
export interface AlertStates {
	/** null or undefined: nothing was kept. */
	load(): unknown;
	save(state: SavedState): void | Promise<void>;
}

const MOST_ALERTS = 5000;
const MOST_GROUPS = 10_000;
/** An alert whose state is older than this says nothing any more; one that pended began anew meanwhile, ms. */
const MOST_AGE_MS = 86_400_000;
const MOST_PENDING_AGE_MS = 120_000;

/** null: it is nothing that can be used. Parts that are wrong in themselves are left out and counted. */
export function readSavedState(value: unknown, nowMs: number): { state: SavedState; refused: number } | null {
	if (!isObject(value) || value['version'] !== 1) return null;
	let refused = 0;
	const each = <T>(list: unknown, most: number, read: (one: unknown) => T | null): T[] => {
		if (!Array.isArray(list)) return [];
		const found = list.slice(0, most).map(read);
		const good = found.filter((one) => one !== null);
		refused += list.length - good.length;
		return good;
	};
	const alerts = each(value['alerts'], MOST_ALERTS, (one) => readAlert(one, nowMs));
	const groups = each(value['groups'], MOST_GROUPS, (one) => readGroup(one, nowMs));
	const silences = each(value['silences'], MOST_SILENCES, (one) => readSilence(one));
	return { state: { version: 1, alerts, groups, silences }, refused };
}

function readAlert(value: unknown, nowMs: number): Alert | null {
	if (!isObject(value)) return null;
	const labels = readLabels(value['labels']);
	const { rule, state, value: last, limit, reason } = value;
	const times = readTimes(value, ['sinceMs', 'firedMs', 'endedMs', 'heldMs', 'seenMs'], nowMs);
	if (!isText(rule) || labels === null || times === null || !isNumber(last) || !isNumber(limit)) return null;
	if (state !== 'pending' && state !== 'firing' && state !== 'resolved') return null;
	if ((state !== 'pending' && times.firedMs === 0) || nowMs - times.seenMs > MOST_AGE_MS) return null;
	if (state === 'pending' && nowMs - times.seenMs > MOST_PENDING_AGE_MS) return null;
	return {
		key: alertKey(rule, labels),
		rule,
		labels,
		state,
		...times,
		value: last,
		limit,
		firings: texts(value['firings'], 10, (one) => isNumber(one) && one <= nowMs) as number[],
		flapping: value['flapping'] === true,
		reason: reason === 'no data' || reason === 'the rule is gone' ? reason : '',
		acknowledged: readAcknowledgement(value['acknowledged']),
		causes: texts(value['causes'], 5, isText) as string[],
	};
}

function readAcknowledgement(value: unknown): Acknowledgement | null {
	if (!isObject(value)) return null;
	const { by, comment, atMs } = value;
	return isText(by) && isText(comment) && isNumber(atMs) ? { by, comment, atMs } : null;
}

function readGroup(value: unknown, nowMs: number): GroupState | null {
	if (!isObject(value)) return null;
	const { channel, group } = value;
	const labels = readLabels(value['labels']);
	const times = readTimes(value, ['beganMs', 'toldMs'], nowMs);
	if (!isText(channel) || !isText(group) || labels === null || times === null) return null;
	const firing = texts(value['firing'], MOST_ALERTS, (one) => isText(one, 2000)) as string[];
	return { key: `${channel}/${group}`, channel, group, labels, ...times, firing };
}

function readSilence(value: unknown): Silence | null {
	if (!isObject(value)) return null;
	const { id, by, comment, fromMs, untilMs } = value;
	const where = readLabels(value['where']);
	if (!isText(id) || !isText(by) || !isText(comment) || !isNumber(fromMs) || !isNumber(untilMs)) return null;
	return where === null || Object.keys(where).length === 0 ? null : { id, where, fromMs, untilMs, by, comment };
}

/** Times lie in the past: one of the future would hold an alert, or a group's wait, for ever. */
function readTimes<const K extends string>(
	value: Record<string, unknown>,
	names: readonly K[],
	nowMs: number,
): Record<K, number> | null {
	const times = names.map((name) => [name, value[name]] as const);
	const good = times.every(([, time]) => isNumber(time) && time >= 0 && time <= nowMs);
	return good ? (Object.fromEntries(times) as Record<K, number>) : null;
}

function readLabels(value: unknown): Record<string, string> | null {
	if (!isObject(value)) return null;
	const entries = Object.entries(value);
	const good = entries.length <= 16 && entries.every(([name, one]) => /^[a-zA-Z_]\w{0,63}$/.test(name) && isText(one));
	return good ? { ...keptLabels(value as Record<string, string>) } : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	value !== null && typeof value === 'object' && !Array.isArray(value);
const isText = (value: unknown, most = 600): value is string => typeof value === 'string' && value.length <= most;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const texts = (value: unknown, most: number, good: (one: unknown) => boolean): unknown[] =>
	Array.isArray(value) ? value.slice(0, most).filter((one) => good(one)) : [];
