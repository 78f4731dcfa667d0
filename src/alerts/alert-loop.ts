import { randomUUID } from 'node:crypto';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import type { FigureSource } from '../core/metric.ts';
import { AlertBook } from './alert-book.ts';
import type { AlertsAnswer } from './alert-view.ts';
import { causesOf, type EventsAround } from './causes.ts';
import type { AlertChange } from './decide.ts';
import type { Delivery, Say } from './delivery.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import { decideNotices } from './notices.ts';
import { Notifier } from './notifier.ts';
import type { AlertRule } from './rule.ts';
import { RuleRun } from './rule-run.ts';
import { type AlertStates, readSavedState } from './saved-state.ts';
import { alertWords } from './sentence.ts';
import type { Silence, SilenceRequest } from './silence.ts';

export interface AlertLoopOptions {
	figures: Pick<FigureSource, 'at' | 'find'>;
	events: EventsAround;
	states: AlertStates;
	/** What happens to alerts and channels, for the log. */
	say: Say;
	/** Name of this Ballast, as notifications say it. */
	node: string;
	/** Link to dashboards. Default: none. */
	link?: string | null;
	/** How often rules are looked at, and those of long windows, ms. Default 5 s and 60 s. */
	everyMs?: number;
	longEveryMs?: number;
	/** Default: the clock. */
	now?: () => number;
}

export interface AlertSettings {
	rules: readonly AlertRule[];
	maintenance: readonly MaintenanceWindow[];
	/** By name of the channel. */
	deliveries: ReadonlyMap<string, Delivery>;
}

/** How often it looks whether anything is to do, ms. */
const TICK_MS = 1000;
/** How often the state is kept while an alert pends or fires, ms. */
const SAVE_MS = 30_000;
/** Looks that may be missed before the alerts count as stuck. */
const MISSED = 6;

/**
 * Observes, decides and acts: asks each rule's figures in turn, follows its alerts, tells the channels.
 * A look at a rule never begins before its last one has ended.
 */
export class AlertLoop {
	readonly #options: Required<AlertLoopOptions>;
	readonly #book: AlertBook;
	readonly #notifier: Notifier;
	#runs = new Map<string, RuleRun>();
	#lookedMs = 0;
	#startedMs = 0;
	#timer: NodeJS.Timeout | undefined;
	#ticking = false;
	/** Something changed that must outlive a restart. */
	#dirty = false;
	#saveFailed = false;
	#savedMs = 0;
	#changes = 0;

	constructor(options: AlertLoopOptions) {
		this.#options = { everyMs: 5000, longEveryMs: 60_000, now: Date.now, link: null, ...options };
		const { figures, node, link } = this.#options;
		this.#book = new AlertBook((figure) => figures.find(figure));
		this.#notifier = new Notifier({ node, link, infoOf: (rule) => this.#book.infoOf(rule) });
	}

	/** Takes up what was kept. */
	async load(settings: AlertSettings): Promise<void> {
		await this.#restore();
		this.#startedMs = this.#options.now();
		this.configure(settings);
	}

	/** Takes up what was kept, then looks each second until `stop`. */
	async start(settings: AlertSettings): Promise<void> {
		await this.load(settings);
		this.#timer = setInterval(() => void this.tick(), TICK_MS);
		this.#timer.unref();
	}

	/** Keeps its state; a look that is under way is not waited for. */
	async stop(): Promise<void> {
		clearInterval(this.#timer);
		await this.#save();
		this.#notifier.close();
	}

	/** Another configuration: alerts of rules that stay go on. */
	configure({ rules, maintenance, deliveries }: AlertSettings): void {
		const changes = this.#book.configure(rules, maintenance, this.#options.now());
		this.#notifier.configure(deliveries);
		const { everyMs, longEveryMs } = this.#options;
		const runs = [...this.#book.rules].map((rule): [string, RuleRun] => {
			const before = this.#runs.get(rule.name);
			const run =
				before?.rule.text === rule.text
					? before
					: new RuleRun(rule, { everyMs, longEveryMs, figures: this.#options.figures, sinceMs: this.#startedMs });
			run.rule = rule;
			return [rule.name, run];
		});
		this.#runs = new Map(runs);
		this.#tell(changes);
	}

	/** Whether the rules are looked at: what the heartbeat asks. */
	get healthy(): boolean {
		const last = Math.max(this.#lookedMs, this.#startedMs);
		return last > 0 && this.#options.now() - last < this.#options.everyMs * MISSED;
	}

	/** Changes of alerts so far, for the metrics. */
	get changes(): number {
		return this.#changes;
	}

	/** Looks at the rules whose time has come, and tells what is to be told; never rejects. */
	async tick(): Promise<void> {
		if (this.#ticking) return;
		this.#ticking = true;
		try {
			await this.#look();
			this.#notify();
			await this.#save();
		} catch (error) {
			this.#options.say({ severity: 'error', text: `the alerts failed: ${(error as Error).message}` });
		} finally {
			this.#ticking = false;
		}
	}

	answer(): AlertsAnswer {
		const blind = [...this.#runs.values()]
			.filter(({ failure }) => failure !== '')
			.map(({ rule, failure }) => ({ rule: rule.name, why: failure }));
		return {
			alerts: this.#book.views(this.#options.now()),
			channels: this.#notifier.views(),
			silences: this.#book.silences,
			lookedMs: this.#lookedMs,
			blind,
			dropped: this.#book.dropped,
		};
	}

	/** The alert of this key, or all firing ones of the rule, is taken care of: it is not told again. @throws BallastError `bad_command` */
	acknowledge(name: string, who: { by: string; comment: string }): string[] {
		const keys = this.#book.acknowledge(name, who, this.#options.now());
		this.#options.say({ severity: 'info', text: `${keys.join(', ')} acknowledged by ${who.by || 'nobody named'}` });
		this.#dirty = true;
		return keys;
	}

	/** @throws BallastError `bad_command` */
	silence(request: SilenceRequest): Silence {
		const silence = this.#book.silence(request, randomUUID(), this.#options.now());
		const labels = Object.entries(silence.where).map(([label, glob]) => `${label}:${glob}`);
		this.#options.say({
			severity: 'info',
			text: `${labels.join(' ')} silenced until ${new Date(silence.untilMs).toISOString()}`,
		});
		this.#dirty = true;
		return silence;
	}

	/** Gives how many ended. @throws BallastError `bad_command` when there was none */
	unsilence(which: { id?: string; where?: Silence['where'] }): number {
		const ended = this.#book.unsilence(which);
		if (ended === 0) throw new BallastError('bad_command', 'there is no such silence');
		this.#dirty = true;
		return ended;
	}

	/** Sends a test. @throws BallastError `bad_command` without such a channel, `notify_failed` */
	async testChannel(name: string): Promise<void> {
		const delivery = this.#notifier.delivery(name);
		if (delivery === undefined) {
			const near = closest(name, this.#notifier.names);
			throw new BallastError(
				'bad_command',
				`there is no channel \`${name.slice(0, 100)}\`${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
			);
		}
		await delivery.test(this.#notifier.sample(name, this.#options.now()));
	}

	async #look(): Promise<void> {
		const nowMs = this.#options.now();
		const due = [...this.#runs.values()].filter((run) => run.isDue(nowMs));
		await Promise.all(due.map((run) => this.#lookAt(run, nowMs)));
		if (due.length > 0 && !due.every(({ failure }) => failure !== '')) this.#lookedMs = this.#options.now();
	}

	async #lookAt(run: RuleRun, nowMs: number): Promise<void> {
		const before = run.failure;
		const found = await run.look(nowMs);
		if (run.failure !== '' && before === '')
			this.#options.say({ severity: 'error', text: `the alert ${run.rule.name} cannot be looked at: ${run.failure}` });
		// A reload may have come between.
		if (found === null || this.#runs.get(run.rule.name) !== run) return;
		const changes = this.#book.apply(run.rule, found, nowMs);
		const fired = changes.filter(({ to }) => to === 'firing');
		await Promise.all(
			fired.map(async (change) => {
				const causes = await causesOf(change.alert, this.#options.events);
				this.#book.setCauses(change.alert.key, causes);
				change.alert = { ...change.alert, causes };
			}),
		);
		this.#tell(changes);
	}

	#tell(changes: readonly AlertChange[]): void {
		if (changes.length > 0) this.#dirty = true;
		for (const { alert, to } of changes) {
			this.#changes++;
			const rule = this.#book.allRules.get(alert.rule);
			if (rule === undefined || to === 'pending' || to === 'inactive') continue;
			const { summary } = alertWords(alert, rule, this.#book.infoOf(rule));
			const why = alert.reason === '' ? '' : ` (${alert.reason})`;
			const causes = to === 'firing' && alert.causes.length > 0 ? ` Before: ${alert.causes.join('; ')}` : '';
			const severity =
				to === 'resolved' || rule.severity === 'info' ? 'info' : rule.severity === 'critical' ? 'error' : 'warn';
			this.#options.say({
				severity,
				text: `alert ${alert.key} ${to}${why}: ${summary}${causes}`,
				alert: alert.rule,
				state: to,
				service: alert.labels['service'] ?? '',
			});
		}
	}

	#notify(): void {
		const nowMs = this.#options.now();
		const alerts = this.#book.told(nowMs);
		const rules = this.#book.allRules;
		const { told, names } = this.#notifier;
		// A channel that has gone meanwhile is none.
		const among = (some: readonly string[]) => (rule: AlertRule) =>
			rule.notify === null ? (rule.severity === 'info' ? [] : some) : rule.notify.filter((name) => some.includes(name));
		const before = this.#book.groups;
		const decided = decideNotices({ groups: before, alerts, rules, channelsOf: among(told), nowMs });
		if (decided.notices.length > 0 || decided.groups.length !== before.length) this.#dirty = true;
		this.#book.groups = decided.groups;
		this.#notifier.notify(decided.notices, before, { rules, nowMs });
		this.#notifier.resend(alerts, { rules, channelsOf: among(names), nowMs });
	}

	async #restore(): Promise<void> {
		const { states, say, now } = this.#options;
		try {
			const kept = await states.load();
			if (kept === null || kept === undefined) return;
			const read = readSavedState(kept, now());
			if (read === null)
				return say({ severity: 'warn', text: 'the state of the alerts that was kept cannot be read; they begin anew' });
			if (read.refused > 0)
				say({
					severity: 'warn',
					text: `${read.refused} parts of the alerts' kept state cannot be read and are left out`,
				});
			this.#book.restore(read.state);
		} catch (error) {
			say({ severity: 'warn', text: `the state of the alerts could not be loaded: ${(error as Error).message}` });
		}
	}

	async #save(): Promise<void> {
		const nowMs = this.#options.now();
		// Since when nothing was known of an alert must not grow old while it lives.
		if (!this.#dirty && !(this.#book.alive && nowMs - this.#savedMs >= SAVE_MS)) return;
		this.#dirty = false;
		this.#savedMs = nowMs;
		try {
			const groups = this.#notifier.kept(this.#book.groups);
			await this.#options.states.save(this.#book.saved(groups));
			this.#saveFailed = false;
			// What waits is kept as not yet told, until it is.
			this.#dirty =
				groups.length !== this.#book.groups.length || groups.some((group) => !this.#book.groups.includes(group));
		} catch (error) {
			this.#dirty = true;
			if (!this.#saveFailed)
				this.#options.say({
					severity: 'error',
					text: `the state of the alerts cannot be kept: ${(error as Error).message}`,
				});
			this.#saveFailed = true;
		}
	}
}
