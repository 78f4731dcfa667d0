/** Alerts and channels as a person would write them: of the default set what differs. */
import type { ChannelConfig, ChannelTarget } from '../alerts/channel-config.ts';
import { defaultRules } from '../alerts/default-rules.ts';
import type { HeartbeatConfig } from '../alerts/heartbeat.ts';
import type { AlertRule } from '../alerts/rule.ts';
import { formatDuration } from '../core/units.ts';
import type { Config } from './config.ts';
import { FIGURE_CATALOGUE } from './figure-catalogue.ts';
import { MASK } from './problem.ts';

type Form = Record<string, unknown>;

export interface FormOptions {
	/** What stands for a secret. */
	secret(value: string): unknown;
	/** What stands for an address that somebody is told at. Default: itself. */
	address?(url: string): unknown;
}

export function alertingForm({ alerts, channels, heartbeat }: Config, options: FormOptions): Form {
	const rules = rulesForm(alerts);
	const windows = alerts.maintenance.map(({ text, service }) => (service === null ? text : { when: text, service }));
	return {
		...(Object.keys(rules).length === 0 ? {} : { alerts: rules }),
		...(channels.length === 0
			? {}
			: { channels: Object.fromEntries(channels.map((one) => [one.name, channelForm(one, options)])) }),
		...(windows.length === 0 ? {} : { maintenance: windows }),
		...(heartbeat === null ? {} : { heartbeat: heartbeatForm(heartbeat, options) }),
	};
}

function rulesForm({ rules, runbooks }: Config['alerts']): Form {
	const defaults = defaultRules(FIGURE_CATALOGUE, runbooks);
	const page = runbooks === null ? {} : { runbooks };
	const known = new Map(defaults.map((rule) => [rule.name, JSON.stringify(rule)]));
	const base = new Map(defaults.map(({ name, runbook }) => [name, runbook]));
	const own = rules.filter((rule) => known.get(rule.name) !== JSON.stringify(rule));
	const told = Object.fromEntries(own.map((rule) => [rule.name, ruleForm(rule, base.get(rule.name) ?? null)]));
	const gone = defaults.filter(({ name }) => !rules.some((rule) => rule.name === name));
	// Of the set nothing is left, or not as much as went.
	if (gone.length === defaults.length) return { defaults: 'off', ...page, ...told };
	return { ...page, ...Object.fromEntries(gone.map(({ name }) => [name, 'off'])), ...told };
}

/** `inherited`: the runbook that a rule of this name has without a word. */
function ruleForm(
	{ text, severity, notify, summary, runbook, repeatMs, inhibits }: AlertRule,
	inherited: string | null,
): Form {
	return {
		when: text,
		severity,
		...(notify === null ? {} : { notify: [...notify] }),
		...(summary === null ? {} : { summary }),
		...(runbook === null || runbook === inherited ? {} : { runbook }),
		repeat: formatDuration(repeatMs),
		inhibits: [...inhibits],
	};
}

function channelForm({ to, secrets, perMinute }: ChannelConfig, { secret, address = itself }: FormOptions): Form {
	const shown = (value: string) => (secrets.includes(value) ? secret(value) : value);
	const url = (value: string) => (secrets.includes(value) ? secret(value) : address(value));
	return { type: to.type, ...targetForm(to, { shown, url }), rate: perMinute };
}

const itself = (url: string): unknown => url;

function targetForm(to: ChannelTarget, { shown, url }: Record<'shown' | 'url', (value: string) => unknown>): Form {
	switch (to.type) {
		case 'command':
			return { run: [...to.command] };
		case 'email': {
			const { host, port, tls, login } = to.server;
			const said = login === null ? {} : { user: login.user, password: shown(login.password) };
			return { host, port, tls, from: to.from, to: [...to.to], ...said, ...templateForm(to.template) };
		}
		case 'pagerduty':
			return { key: shown(to.key), url: url(to.url) };
		case 'slack':
			return { url: url(to.url), ...templateForm(to.template) };
		default: {
			const headers = Object.fromEntries(to.headers.map(([name, value]) => [name, shown(value)]));
			return { url: url(to.url), ...(to.headers.length === 0 ? {} : { headers }) };
		}
	}
}

const templateForm = (template: string | null): Form => (template === null ? {} : { template });

function heartbeatForm(
	{ url, secret: isSecret, everyMs }: HeartbeatConfig,
	{ secret, address = itself }: FormOptions,
): Form {
	return { url: isSecret ? secret(url) : address(url), every: formatDuration(everyMs) };
}

/** Masks what must not leave the process, in place. */
export function maskAlerting({ channels, heartbeat }: Config): void {
	for (const [at, channel] of channels.entries()) channels[at] = maskValues(channel, channel.secrets);
	if (heartbeat?.secret === true) heartbeat.url = MASK;
}

/** The same with a mask in the place of each text that is one of these. */
export function maskValues<T>(value: T, secrets: readonly string[]): T {
	return masked(value, secrets) as T;
}

function masked(value: unknown, secrets: readonly string[]): unknown {
	if (typeof value === 'string') return secrets.includes(value) ? MASK : value;
	if (Array.isArray(value)) return value.map((one) => masked(one, secrets));
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, masked(one, secrets)]));
}
