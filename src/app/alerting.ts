import { cpus } from 'node:os';
import { AlertLoop } from '../alerts/alert-loop.ts';
import type { AlertsAnswer } from '../alerts/alert-view.ts';
import { channelOf } from '../alerts/channels/channel-of.ts';
import { type AlertEvent, Delivery } from '../alerts/delivery.ts';
import { Heartbeat } from '../alerts/heartbeat.ts';
import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import type { Where } from '../core/metric.ts';
import type { Finding } from '../review/finding.ts';
import { observe, type ServiceNow } from '../review/observe.ts';
import type { AlertObserved } from '../review/observed.ts';
import { review } from '../review/review.ts';
import { optionalText } from './command-text.ts';
import type { EventLog } from './event-log.ts';
import type { Monitoring } from './monitoring.ts';

const STATE_KEY = 'alerts';
const HOUR_MS = 3_600_000;
const REVIEW_MOST_MS = 400 * 24 * HOUR_MS;

export interface AlertingParts {
	monitoring: Monitoring;
	log: EventLog;
	/** Name of this Ballast. */
	node: string;
	services(): ServiceNow[];
}

type Args = Readonly<Record<string, unknown>>;

/** Alerts of this node: their loop, the channels, the heartbeat. Only the core that leads looks at them. */
export class Alerting {
	readonly #parts: AlertingParts;
	readonly #loop: AlertLoop;
	readonly #deliveries = new Map<string, { text: string; delivery: Delivery }>();
	/** How often and how long each alert fired, since this core began. */
	readonly #fired = new Map<string, { firings: number; firedMs: number; sinceMs: number }>();
	readonly #beganMs = Date.now();
	#heartbeat: { text: string; beats: Heartbeat } | null = null;
	#config: Config | null = null;
	#leads = false;
	#started = false;
	#starting: Promise<unknown> = Promise.resolve();

	constructor(parts: AlertingParts) {
		this.#parts = parts;
		const { store, figures } = parts.monitoring;
		this.#loop = new AlertLoop({
			figures,
			node: parts.node,
			events: {
				around: async ({ fromMs, toMs, service }) => {
					const of = service === '' ? '' : ` service:${JSON.stringify(service)}`;
					const asked = { query: `source:event${of}`, fromMs, toMs, limit: 200 };
					// A store that cannot write knows nothing of why.
					const { entries } = await store.ask('search', asked).catch(() => ({ entries: [] }));
					return [...entries, ...recentEvents(parts.log, { fromMs, toMs, service }, this.#services())];
				},
			},
			states: {
				load: () => (parts.monitoring.folder === null ? null : store.ask('load', STATE_KEY)),
				save: (state) => store.say({ type: 'save', key: STATE_KEY, value: state }),
			},
			say: (event) => this.#say(event),
		});
	}

	#services(): string[] {
		return this.#config?.services.map(({ name }) => name) ?? [];
	}

	#say({ severity, text, alert, state }: AlertEvent): void {
		this.#parts.log.add({ level: severity, subject: 'alerts', text });
		if (alert === undefined || state === undefined) return;
		const known = this.#fired.get(alert) ?? { firings: 0, firedMs: 0, sinceMs: 0 };
		this.#fired.set(alert, known);
		if (state === 'firing') {
			known.firings++;
			if (known.sinceMs === 0) known.sinceMs = Date.now();
		} else if (known.sinceMs > 0) {
			known.firedMs += Date.now() - known.sinceMs;
			known.sinceMs = 0;
		}
	}

	/** What holds from now on. */
	configure(config: Config): void {
		this.#config = config;
		if (!this.#leads) return;
		this.#starting = this.#starting.then(() => {
			if (!this.#started) return this.#start();
			this.#loop.configure(this.#settings(config));
			this.#beat(config);
			return undefined;
		});
	}

	#settings({ alerts, channels }: Config): Parameters<AlertLoop['start']>[0] {
		const say = (event: AlertEvent): void => this.#say(event);
		for (const name of this.#deliveries.keys())
			if (!channels.some((channel) => channel.name === name)) this.#deliveries.delete(name);
		for (const channel of channels) {
			const text = JSON.stringify(channel);
			// One that did not change goes on with what waits in it.
			if (this.#deliveries.get(channel.name)?.text === text) continue;
			const { name, perMinute } = channel;
			this.#deliveries.set(name, {
				text,
				delivery: new Delivery({ name, channel: channelOf(channel), perMinute, say }),
			});
		}
		const deliveries = new Map([...this.#deliveries].map(([name, { delivery }]) => [name, delivery]));
		return { rules: alerts.rules, maintenance: alerts.maintenance, deliveries };
	}

	#beat({ heartbeat }: Config): void {
		const text = JSON.stringify(heartbeat);
		if (this.#heartbeat?.text === text) return;
		this.#heartbeat?.beats.stop();
		this.#heartbeat = null;
		if (heartbeat === null) return;
		const beats = new Heartbeat(
			heartbeat,
			() => this.#loop.healthy,
			(event) => this.#say(event),
		);
		beats.start();
		this.#heartbeat = { text, beats };
	}

	/** This core looks at the alerts from now on, or another does. */
	set leads(leads: boolean) {
		if (leads === this.#leads) return;
		this.#leads = leads;
		this.#starting = this.#starting.then(() => (leads ? this.#start() : this.#stop()));
	}

	async #start(): Promise<void> {
		if (this.#config === null || this.#started) return;
		this.#started = true;
		this.#beat(this.#config);
		await this.#loop.start(this.#settings(this.#config));
	}

	async #stop(): Promise<void> {
		this.#heartbeat?.beats.stop();
		this.#heartbeat = null;
		if (this.#started) await this.#loop.stop();
		this.#started = false;
	}

	/** Keeps the state and ends. */
	async end(): Promise<void> {
		this.leads = false;
		await this.#starting;
	}

	/** A command about alerts; null: it is another. @throws BallastError `bad_command`, `notify_failed` */
	command(name: string, args: Args): unknown {
		const by = optionalText(args, 'by');
		const comment = optionalText(args, 'comment');
		switch (name) {
			case 'alerts':
				return this.#loop.answer() satisfies AlertsAnswer;
			case 'alert-ack':
				return { acknowledged: this.#loop.acknowledge(optionalText(args, 'alert'), { by, comment }) };
			case 'alert-silence':
				return this.#loop.silence({
					where: whereOf(args),
					forMs: Number(args['forMs']),
					by,
					comment,
					services: this.#services(),
				});
			case 'alert-unsilence': {
				const id = optionalText(args, 'id');
				return { ended: this.#loop.unsilence(id === '' ? { where: whereOf(args) } : { id }) };
			}
			case 'alert-test':
				return this.#loop.testChannel(optionalText(args, 'channel')).then(() => ({}));
			case 'review':
				return this.#review(Number(args['overMs'] ?? 24 * HOUR_MS));
			default:
				return null;
		}
	}

	async #review(overMs: number): Promise<Finding[]> {
		if (!(overMs >= 60_000 && overMs <= REVIEW_MOST_MS))
			throw new BallastError('bad_command', 'a review looks back from 1m to 400d');
		const toMs = Date.now();
		const { monitoring, services } = this.#parts;
		const source = { figures: monitoring.figures, cores: cpus().length, services, alerts: () => this.#observed() };
		return review(await observe(source, { fromMs: toMs - overMs, toMs }));
	}

	#observed(): AlertObserved[] {
		const overMs = Date.now() - this.#beganMs;
		const { alerts } = this.#loop.answer();
		const names = new Set(alerts.map(({ name }) => name));
		return [...names].map((name) => {
			const { firings = 0, firedMs = 0, sinceMs = 0 } = this.#fired.get(name) ?? {};
			const known = alerts.some((alert) => alert.name === name && alert.value !== null);
			return { name, overMs, firings, firedMs: firedMs + (sinceMs > 0 ? Date.now() - sinceMs : 0), known };
		});
	}
}

interface EventsAsked {
	fromMs: number;
	toMs: number;
	service: string;
}

/** What is still in memory of what happened then. */
export function recentEvents(
	{ recent }: Pick<EventLog, 'recent'>,
	{ fromMs, toMs, service }: EventsAsked,
	services: readonly string[],
): { timeMs: number; severity: EventLog['recent'][number]['level']; message: string; service: string }[] {
	return recent
		.filter(({ at, subject }) => at >= fromMs && at <= toMs && subject !== 'alerts')
		.map(({ at, level, subject, text }) => ({
			timeMs: at,
			severity: level,
			message: text,
			service: services.includes(subject) ? subject : '',
		}))
		.filter(({ service: own }) => service === '' || own === service);
}

function whereOf(args: Args): Where {
	const where = args['where'];
	if (typeof where !== 'object' || where === null)
		throw new BallastError('bad_command', 'say which alerts: label:pattern');
	return Object.fromEntries(Object.entries(where).map(([label, glob]) => [label, String(glob)]));
}
