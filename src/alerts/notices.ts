/**
 * Who is told what, and when. Pure: alerts of a rule and service make one group, a group is told when it
 * begins (after a moment in which others may join), when it changes, when it ends, and again while it fires.
 */
import { createHash } from 'node:crypto';
import type { Labels } from '../core/metric.ts';
import type { Alert } from './alert.ts';
import type { AlertRule } from './rule.ts';

/** How long a new group waits for more alerts, and how long a group is left alone after it was told of, ms. */
export const GROUP_WAIT_MS = 2000;
export const GROUP_INTERVAL_MS = 60_000;

/** What a channel was told of a group last. */
export interface GroupState {
	/** `channel` and group. */
	key: string;
	channel: string;
	group: string;
	labels: Labels;
	/** When it came up, for the wait. */
	beganMs: number;
	/** When it was told last; 0: not yet. */
	toldMs: number;
	/** Keys of the alerts that were said to fire. */
	firing: readonly string[];
}

export interface Notice {
	channel: string;
	group: string;
	labels: Labels;
	firing: readonly Alert[];
	resolved: readonly Alert[];
}

export interface NoticeInput {
	groups: readonly GroupState[];
	/** All that fires or has ended, with why it is not to be told (null: it is). */
	alerts: readonly { alert: Alert; muted: string | null }[];
	rules: ReadonlyMap<string, AlertRule>;
	/** Channels of a rule's alerts. */
	channelsOf(rule: AlertRule): readonly string[];
	nowMs: number;
}

export function decideNotices(input: NoticeInput): { groups: GroupState[]; notices: Notice[] } {
	const { nowMs } = input;
	const byGroup = membersOf(input);
	const known = new Map(input.groups.map((group) => [group.key, group]));
	const groups: GroupState[] = [];
	const notices: Notice[] = [];
	for (const key of new Set([...known.keys(), ...byGroup.keys()])) {
		const members = byGroup.get(key);
		const before = known.get(key) ?? { ...(members as Members).group, key, beganMs: nowMs, toldMs: 0, firing: [] };
		const { state, notice } = decideGroup(before, members?.alerts ?? [], input);
		if (notice !== null) notices.push(notice);
		if (state !== null) groups.push(state);
	}
	return { groups, notices };
}

interface Member {
	alert: Alert;
	muted: string | null;
	rule: AlertRule;
}

interface Members {
	group: Pick<GroupState, 'channel' | 'group' | 'labels'>;
	alerts: Member[];
}

function membersOf({ alerts, rules, channelsOf }: NoticeInput): Map<string, Members> {
	const found = new Map<string, Members>();
	for (const { alert, muted } of alerts) {
		const rule = rules.get(alert.rule);
		if (rule === undefined) continue;
		const labels = groupLabels(alert);
		const group = fingerprint(labels);
		for (const channel of channelsOf(rule)) {
			const key = `${channel}/${group}`;
			const members = found.get(key) ?? { group: { channel, group, labels }, alerts: [] };
			members.alerts.push({ alert, muted, rule });
			found.set(key, members);
		}
	}
	return found;
}

interface Decided {
	/** null: nothing of it is left. */
	state: GroupState | null;
	notice: Notice | null;
}

function decideGroup(group: GroupState, members: readonly Member[], { nowMs }: NoticeInput): Decided {
	// One that was told before it was muted is not taken back by the muting.
	const firing = members.filter(
		({ alert, muted }) => alert.state === 'firing' && (muted === null || group.firing.includes(alert.key)),
	);
	const stillFiring = new Set(firing.map(({ alert }) => alert.key));
	const ended = group.firing.filter((key) => !stillFiring.has(key));
	const fresh = firing.filter(({ alert }) => !group.firing.includes(alert.key));
	if (firing.length === 0 && ended.length === 0) return { state: null, notice: null };
	const waited =
		group.toldMs === 0 ? nowMs - group.beganMs >= GROUP_WAIT_MS : nowMs - group.toldMs >= GROUP_INTERVAL_MS;
	// That all is well again is said at once: somebody may be on the way.
	const due =
		(fresh.length > 0 && waited) ||
		(ended.length > 0 && (firing.length === 0 || waited)) ||
		isRepeated(group, firing, nowMs);
	if (!due) return { state: group, notice: null };
	const resolved = members.filter(({ alert }) => ended.includes(alert.key)).map(({ alert }) => alert);
	const told = firing.map(({ alert }) => alert);
	const { channel, labels } = group;
	const notice = { channel, group: group.group, labels, firing: told, resolved };
	const state = told.length === 0 ? null : { ...group, toldMs: nowMs, firing: told.map(({ key }) => key) };
	return { state, notice: told.length + resolved.length === 0 ? null : notice };
}

function isRepeated({ toldMs }: GroupState, firing: readonly Member[], nowMs: number): boolean {
	if (toldMs === 0) return false;
	// Who has acknowledged it, or wants quiet, is not told again.
	const waiting = firing.filter(({ alert, muted }) => alert.acknowledged === null && muted === null);
	return waiting.some(({ rule }) => nowMs - toldMs >= rule.repeatMs);
}

function groupLabels({ rule, labels }: Alert): Labels {
	return labels['service'] === undefined ? { alertname: rule } : { alertname: rule, service: labels['service'] };
}

/** 16 hex digits of labels. */
export function fingerprint(labels: Labels): string {
	const text = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
	return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
