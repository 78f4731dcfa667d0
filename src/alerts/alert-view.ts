/** Alerts as commands and dashboards show them. */
import type { FigureInfo, Labels, Unit } from '../core/metric.ts';
import type { Acknowledgement, Alert } from './alert.ts';
import type { ChannelView } from './delivery.ts';
import type { AlertRule, AlertSeverity } from './rule.ts';
import { alertWords } from './sentence.ts';
import type { Silence } from './silence.ts';

export interface AlertView {
	/** `errors{service="videos"}`; what `acknowledge` takes. Of a rule that is quiet its name. */
	key: string;
	/** Of the rule. */
	name: string;
	/** `ok`: the rule has no alert. */
	state: 'ok' | 'pending' | 'firing' | 'resolved';
	severity: AlertSeverity;
	labels: Labels;
	/** The rule's text. */
	rule: string;
	/** In the figure's unit; null: nothing is known. */
	value: number | null;
	threshold: number | null;
	unit: Unit;
	perSecond: boolean;
	/** Since when it holds, fired and ended, epoch ms; 0: it did not. */
	sinceMs: number;
	firedMs: number;
	endedMs: number;
	/** One sentence. */
	summary: string;
	causes: readonly string[];
	runbook: string | null;
	flapping: boolean;
	acknowledged: Acknowledgement | null;
	silence: Pick<Silence, 'id' | 'untilMs' | 'comment'> | null;
	/** Why it is not told; null: it is. */
	muted: string | null;
}

export interface AlertsAnswer {
	alerts: AlertView[];
	channels: ChannelView[];
	silences: readonly Silence[];
	/** When the rules were looked at last; 0: not yet. */
	lookedMs: number;
	/** Rules whose figures could not be had, and why. */
	blind: { rule: string; why: string }[];
	/** Combinations of labels that found no room. */
	dropped: number;
}

export interface ShownAlert {
	alert: Alert;
	rule: AlertRule;
	info: FigureInfo | undefined;
	muted: string | null;
	silence: Silence | undefined;
}

export function viewOf({ alert, rule, info, muted, silence }: ShownAlert): AlertView {
	return {
		key: alert.key,
		name: rule.name,
		state: alert.state,
		severity: rule.severity,
		labels: alert.labels,
		rule: rule.text,
		value: alert.value,
		threshold: alert.limit,
		unit: info?.unit ?? 'number',
		perSecond: info?.perSecond ?? false,
		sinceMs: alert.sinceMs,
		firedMs: alert.firedMs,
		endedMs: alert.endedMs,
		summary: alertWords(alert, rule, info).summary,
		causes: alert.causes,
		runbook: rule.runbook,
		flapping: alert.flapping,
		acknowledged: alert.acknowledged,
		silence: silence === undefined ? null : { id: silence.id, untilMs: silence.untilMs, comment: silence.comment },
		muted,
	};
}

/** A rule without an alert. */
export function quietView(rule: AlertRule, info: FigureInfo | undefined): AlertView {
	return {
		key: rule.name,
		name: rule.name,
		state: 'ok',
		severity: rule.severity,
		labels: {},
		rule: rule.text,
		value: null,
		threshold: null,
		unit: info?.unit ?? 'number',
		perSecond: info?.perSecond ?? false,
		sinceMs: 0,
		firedMs: 0,
		endedMs: 0,
		summary: '',
		causes: [],
		runbook: rule.runbook,
		flapping: false,
		acknowledged: null,
		silence: null,
		muted: null,
	};
}
