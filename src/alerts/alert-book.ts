import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import type { FigureInfo } from '../core/metric.ts';
import type { Alert } from './alert.ts';
import { type AlertView, quietView, viewOf } from './alert-view.ts';
import { type AlertChange, decide } from './decide.ts';
import { inhibitorOf } from './inhibition.ts';
import { MaintenanceCalendar, type MaintenanceWindow } from './maintenance.ts';
import type { GroupState } from './notices.ts';
import type { Observation } from './observe.ts';
import { type AlertRule, queryOf } from './rule.ts';
import type { SavedState } from './saved-state.ts';
import {
	MOST_SILENCES,
	matchesWhere,
	matchLabels,
	newSilence,
	type Silence,
	type SilenceRequest,
	silenceFor,
} from './silence.ts';
import { checkSilence } from './silence-check.ts';

/** The alerts of all rules, and what people said of them. Without effects; time is an argument. */
export class AlertBook {
	readonly #find: (figure: string) => FigureInfo | undefined;
	#rules: ReadonlyMap<string, AlertRule> = new Map();
	/** Rules that are gone, for the end of their alerts. */
	#retired: ReadonlyMap<string, AlertRule> = new Map();
	#calendar = new MaintenanceCalendar([]);
	readonly #alerts = new Map<string, readonly Alert[]>();
	#silences: readonly Silence[] = [];
	/** Who was told what; kept here, since it outlives a restart with the rest. */
	groups: readonly GroupState[] = [];
	dropped = 0;

	constructor(find: (figure: string) => FigureInfo | undefined) {
		this.#find = find;
	}

	get rules(): Iterable<AlertRule> {
		return this.#rules.values();
	}

	/** With those that are gone. */
	get allRules(): ReadonlyMap<string, AlertRule> {
		return new Map([...this.#retired, ...this.#rules]);
	}

	/** Whether one pends or fires. */
	get alive(): boolean {
		return this.#all().some(({ state }) => state !== 'resolved');
	}

	get silences(): readonly Silence[] {
		return this.#silences;
	}

	/** Alerts of rules that stay go on; those of rules that are gone, or say something else now, end. */
	configure(rules: readonly AlertRule[], windows: readonly MaintenanceWindow[], nowMs: number): AlertChange[] {
		const before = this.allRules;
		this.#rules = new Map(rules.map((rule) => [rule.name, rule]));
		this.#calendar = new MaintenanceCalendar(windows);
		const changes: AlertChange[] = [];
		for (const [name, alerts] of this.#alerts) {
			const now = this.#rules.get(name);
			const old = before.get(name);
			if (now !== undefined && (old === undefined || old.text === now.text)) continue;
			const ended = alerts.filter(({ state }) => state !== 'pending').map((alert) => endOf(alert, nowMs));
			changes.push(
				...ended
					.filter(({ key }) => alerts.find((one) => one.key === key)?.state === 'firing')
					.map((alert) => ({ alert, to: 'resolved' as const })),
			);
			if (ended.length === 0) this.#alerts.delete(name);
			else this.#alerts.set(name, ended);
		}
		const gone = [...this.#alerts.keys()].filter((name) => !this.#rules.has(name));
		this.#retired = new Map(gone.map((name) => [name, before.get(name) ?? lostRule(name)]));
		return changes;
	}

	apply(rule: AlertRule, observations: readonly Observation[], nowMs: number): AlertChange[] {
		const alerts = this.#alerts.get(rule.name) ?? [];
		const decision = decide(rule, { alerts, observations, nowMs });
		if (decision.alerts.length === 0) this.#alerts.delete(rule.name);
		else this.#alerts.set(rule.name, decision.alerts);
		this.dropped += decision.dropped;
		return decision.changes;
	}

	/** All alerts, with why they are not told. */
	told(nowMs: number): { alert: Alert; muted: string | null }[] {
		const all = this.#all();
		const firing = all.filter(({ state }) => state === 'firing');
		return all
			.filter(({ state }) => state !== 'pending')
			.map((alert) => ({ alert, muted: this.#muted(alert, firing, nowMs) }));
	}

	setCauses(key: string, causes: readonly string[]): void {
		this.#change(key, (alert) => ({ ...alert, causes }));
	}

	/**
	 * @param name the key of an alert, or a rule whose firing alerts are all meant; gives their keys
	 * @throws BallastError `bad_command`
	 */
	acknowledge(name: string, { by, comment }: { by: string; comment: string }, nowMs: number): string[] {
		const meant = this.#all().filter(({ key, rule, state }) => state === 'firing' && (key === name || rule === name));
		if (meant.length === 0) {
			const near = closest(
				name,
				this.#all().flatMap(({ key, rule }) => [key, rule]),
			);
			throw new BallastError(
				'bad_command',
				`no alert \`${name.slice(0, 100)}\` fires${near === undefined || near === name ? '' : `; did you mean \`${near}\`?`}`,
			);
		}
		const acknowledged = { by: by.slice(0, 200), comment: comment.slice(0, 200), atMs: nowMs };
		for (const { key } of meant) this.#change(key, (alert) => ({ ...alert, acknowledged }));
		return meant.map(({ key }) => key);
	}

	/** @throws BallastError `bad_command`, also for what silences nothing that there is */
	silence(request: SilenceRequest, id: string, nowMs: number): Silence {
		const current = this.#silences.filter(({ untilMs }) => untilMs > nowMs);
		if (current.length >= MOST_SILENCES)
			throw new BallastError('bad_command', `there are ${MOST_SILENCES} silences already`);
		const silence = newSilence(request, id, nowMs);
		checkSilence(silence.where, this.allRules.values(), request.services ?? null);
		this.#silences = [...current, silence];
		return silence;
	}

	/** Ends the silences with this id, or of just these labels; gives how many. */
	unsilence(which: { id?: string; where?: Silence['where'] }): number {
		const same = ({ id, where }: Silence) =>
			id === which.id || (which.where !== undefined && sameWhere(where, which.where));
		const left = this.#silences.filter((silence) => !same(silence));
		const ended = this.#silences.length - left.length;
		this.#silences = left;
		return ended;
	}

	views(nowMs: number): AlertView[] {
		const muted = new Map(this.told(nowMs).map(({ alert, muted: why }) => [alert.key, why]));
		const rules = this.allRules;
		const shown = this.#all().flatMap((alert) => {
			const rule = rules.get(alert.rule);
			if (rule === undefined) return [];
			const silence = silenceFor(this.#silences, matchLabels(alert, rule.severity), nowMs);
			return [viewOf({ alert, rule, info: this.#infoOf(rule), muted: muted.get(alert.key) ?? null, silence })];
		});
		const quiet = [...this.#rules.values()].filter(({ name }) => !this.#alerts.has(name));
		return [...shown, ...quiet.map((rule) => quietView(rule, this.#infoOf(rule)))];
	}

	infoOf(rule: AlertRule): FigureInfo | undefined {
		return this.#infoOf(rule);
	}

	restore({ alerts, groups, silences }: SavedState): void {
		for (const alert of alerts)
			this.#alerts.set(alert.rule, [...(this.#alerts.get(alert.rule) ?? []), alert].slice(0, 200));
		this.groups = groups;
		this.#silences = silences;
	}

	saved(groups: readonly GroupState[]): SavedState {
		return { version: 1, alerts: this.#all(), groups, silences: this.#silences };
	}

	#infoOf(rule: AlertRule): FigureInfo | undefined {
		return this.#find(queryOf(rule.condition).figure);
	}

	#all(): Alert[] {
		return [...this.#alerts.values()].flat();
	}

	#change(key: string, change: (alert: Alert) => Alert): void {
		for (const [rule, alerts] of this.#alerts)
			if (alerts.some((alert) => alert.key === key))
				this.#alerts.set(
					rule,
					alerts.map((alert) => (alert.key === key ? change(alert) : alert)),
				);
	}

	#muted(alert: Alert, firing: readonly Alert[], nowMs: number): string | null {
		const rule = this.#rules.get(alert.rule) ?? this.#retired.get(alert.rule);
		const silence =
			rule === undefined ? undefined : silenceFor(this.#silences, matchLabels(alert, rule.severity), nowMs);
		if (silence !== undefined) return `silenced${silence.by === '' ? '' : ` by ${silence.by}`}`;
		const window = this.#calendar.windowFor(alert.labels['service'] ?? '', nowMs);
		if (window !== undefined) return `maintenance: ${window.text}`;
		const inhibitor = inhibitorOf(alert, firing, this.#rules);
		return inhibitor === undefined ? null : `${inhibitor.rule} says more`;
	}
}

function endOf(alert: Alert, nowMs: number): Alert {
	return alert.state === 'resolved'
		? alert
		: { ...alert, state: 'resolved', endedMs: nowMs, reason: 'the rule is gone' };
}

function sameWhere(one: Silence['where'], other: Silence['where']): boolean {
	return Object.keys(one).length === Object.keys(other).length && matchesWhere(one, other);
}

/** Stands for a rule that went while Ballast was down: its alerts end, and who was told is told so. */
function lostRule(name: string): AlertRule {
	const query = { figure: '', where: {}, by: [], overMs: 1000 };
	return {
		name,
		text: '',
		condition: { kind: 'threshold', bound: { query, comparison: '>', value: 0 }, until: null },
		guards: [],
		forMs: 0,
		keepMs: 0,
		severity: 'warning',
		notify: null,
		summary: 'The rule {{alert}} is gone.',
		runbook: null,
		repeatMs: Number.POSITIVE_INFINITY,
		inhibits: [],
	};
}
