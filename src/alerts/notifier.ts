import type { FigureInfo } from '../core/metric.ts';
import type { Alert } from './alert.ts';
import type { ChannelView, Delivery } from './delivery.ts';
import { fingerprint, type GroupState, type Notice } from './notices.ts';
import { MOST_ALERTS, type Notification, type NotifiedAlert } from './notification.ts';
import { ALERT_SEVERITIES, type AlertRule } from './rule.ts';
import { alertWords } from './sentence.ts';

export interface NotifierOptions {
	/** Name of this Ballast, and a link to dashboards (null: none): both stand in each notification. */
	node: string;
	link: string | null;
	infoOf(rule: AlertRule): FigureInfo | undefined;
}

/** Group of what goes to a channel that wants all that fires, again and again. */
const ALL = 'all';
/** How long such a channel is told that an alert has ended, ms. */
const RESOLVED_MS = 300_000;

/** Turns notices into notifications and hands them to their channels. */
export class Notifier {
	readonly #options: NotifierOptions;
	#deliveries: ReadonlyMap<string, Delivery> = new Map();
	/** What was known of a group before its notification that still waits: kept for a restart. */
	readonly #before = new Map<string, GroupState | null>();
	readonly #resent = new Map<string, number>();

	constructor(options: NotifierOptions) {
		this.#options = options;
	}

	/** Those that are no longer there are closed. */
	configure(deliveries: ReadonlyMap<string, Delivery>): void {
		for (const [name, delivery] of this.#deliveries) if (deliveries.get(name) !== delivery) delivery.close();
		this.#deliveries = deliveries;
	}

	/** Channels that are told once of each thing. */
	get told(): string[] {
		return [...this.#deliveries].filter(([, { resendMs }]) => resendMs === undefined).map(([name]) => name);
	}

	get names(): string[] {
		return [...this.#deliveries.keys()];
	}

	delivery(name: string): Delivery | undefined {
		return this.#deliveries.get(name);
	}

	notify(
		notices: readonly Notice[],
		before: readonly GroupState[],
		{ rules, nowMs }: { rules: ReadonlyMap<string, AlertRule>; nowMs: number },
	): void {
		for (const notice of notices) {
			const delivery = this.#deliveries.get(notice.channel);
			if (delivery === undefined) continue;
			const key = `${notice.channel}/${notice.group}`;
			if (!this.#before.has(key)) this.#before.set(key, before.find((group) => group.key === key) ?? null);
			const alerts = [...notice.firing, ...notice.resolved];
			delivery.push(this.#notification(notice, alerts, { rules, nowMs }));
		}
	}

	/** Gives channels that want it all that fires, and what has ended lately. */
	resend(
		alerts: readonly { alert: Alert; muted: string | null }[],
		{
			rules,
			channelsOf,
			nowMs,
		}: { rules: ReadonlyMap<string, AlertRule>; channelsOf(rule: AlertRule): readonly string[]; nowMs: number },
	): void {
		for (const [channel, delivery] of this.#deliveries) {
			if (delivery.resendMs === undefined) continue;
			const mine = alerts.filter(({ alert, muted }) => {
				const rule = rules.get(alert.rule);
				const lives = alert.state === 'firing' || (alert.state === 'resolved' && nowMs - alert.endedMs < RESOLVED_MS);
				return rule !== undefined && lives && muted === null && channelsOf(rule).includes(channel);
			});
			// A change is told at once, the rest when its time has come.
			const state = mine.map(({ alert }) => `${alert.key} ${alert.state} ${alert.firedMs}`).join('\n');
			const changed = this.#states.get(channel) !== state;
			if (mine.length === 0 || (!changed && nowMs - (this.#resent.get(channel) ?? 0) < delivery.resendMs)) continue;
			this.#states.set(channel, state);
			this.#resent.set(channel, nowMs);
			// It takes as many as there are, in parts.
			for (let from = 0; from < mine.length; from += MOST_ALERTS) {
				const part = mine.slice(from, from + MOST_ALERTS).map(({ alert }) => alert);
				delivery.push(
					this.#notification({ channel, group: `${ALL}${from || ''}`, labels: {} }, part, { rules, nowMs }),
				);
			}
		}
	}

	readonly #states = new Map<string, string>();

	/** What is to be kept of the groups: of those whose notification was not taken yet, what was before it. */
	kept(groups: readonly GroupState[]): GroupState[] {
		for (const key of this.#before.keys()) {
			const [channel, group] = splitKey(key);
			if (this.#deliveries.get(channel)?.holds(group) !== true) this.#before.delete(key);
		}
		const unsettled = [...this.#before.values()].filter((group) => group !== null);
		return [...groups.filter(({ key }) => !this.#before.has(key)), ...unsettled];
	}

	views(): ChannelView[] {
		return [...this.#deliveries.values()].map((delivery) => delivery.view());
	}

	/** What a test sends. */
	sample(channel: string, nowMs: number): Notification {
		const alert: NotifiedAlert = {
			name: 'test',
			severity: 'info',
			labels: {},
			status: 'firing',
			fingerprint: fingerprint({ alertname: 'test', channel }),
			startsAtMs: nowMs,
			endsAtMs: null,
			value: '1',
			threshold: 'over 0',
			summary: `This is a test of the channel ${channel}; nothing is wrong.`,
			causes: [],
			runbook: null,
		};
		return {
			...this.#head(nowMs),
			channel,
			group: `test-${channel}`,
			groupLabels: { alertname: 'test' },
			status: 'firing',
			severity: 'info',
			alerts: [alert],
			omitted: 0,
			test: true,
		};
	}

	close(): void {
		for (const delivery of this.#deliveries.values()) delivery.close();
	}

	#notification(
		{ channel, group, labels }: Pick<Notice, 'channel' | 'group' | 'labels'>,
		alerts: readonly Alert[],
		{ rules, nowMs }: { rules: ReadonlyMap<string, AlertRule>; nowMs: number },
	): Notification {
		const told = alerts.slice(0, MOST_ALERTS).flatMap((alert) => {
			const rule = rules.get(alert.rule);
			return rule === undefined ? [] : [this.#alert(alert, rule)];
		});
		const firing = told.filter(({ status }) => status === 'firing');
		const worst = ALERT_SEVERITIES.find((severity) =>
			(firing.length > 0 ? firing : told).some((one) => one.severity === severity),
		);
		return {
			...this.#head(nowMs),
			channel,
			group,
			groupLabels: labels,
			status: firing.length > 0 ? 'firing' : 'resolved',
			severity: worst ?? 'warning',
			alerts: told,
			omitted: alerts.length - told.length,
			test: false,
		};
	}

	#alert(alert: Alert, rule: AlertRule): NotifiedAlert {
		return {
			name: rule.name,
			severity: rule.severity,
			labels: alert.labels,
			status: alert.state === 'firing' ? 'firing' : 'resolved',
			fingerprint: fingerprint({ ...alert.labels, alertname: rule.name }),
			startsAtMs: alert.sinceMs,
			endsAtMs: alert.state === 'firing' ? null : alert.endedMs,
			...alertWords(alert, rule, this.#options.infoOf(rule)),
			causes: alert.causes,
			runbook: rule.runbook,
		};
	}

	#head(timeMs: number): Pick<Notification, 'timeMs' | 'node' | 'link'> {
		return { timeMs, node: this.#options.node, link: this.#options.link };
	}
}

function splitKey(key: string): [string, string] {
	const at = key.lastIndexOf('/');
	return [key.slice(0, at), key.slice(at + 1)];
}
