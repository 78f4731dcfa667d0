/** What a person writes of alerts. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	map,
	notEmpty,
	object,
	oneOf,
	reference,
	required,
	text,
	valueOrReference,
} from '../core/schema.ts';
import { CHANNEL_TYPES } from './channel-config.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import { ALERT_SEVERITIES, type AlertRule } from './rule.ts';

/** Resolved. */
export interface AlertsConfig {
	/** Those that are on. */
	rules: AlertRule[];
	maintenance: MaintenanceWindow[];
	/** Address of docs/runbooks.md where it was put somewhere to read; null: it is told as it lies in the package. */
	runbooks: string | null;
}

/** Notifications of a channel a minute. */
export const DEFAULT_RATE = 30;
export const DEFAULT_HEARTBEAT_MS = 60_000;

const off = z.literal(['off', false], { error: 'expected off' });
const RULE = 'a rule such as p95 > 500ms for 1m';
const ruleText = text(RULE, notEmpty(RULE), 'rule');
const name = text('a name', notEmpty('a name'));
const names = oneOf([name, list(name, 'names', 0)], 'a name or a list of names');
const NOTHING = 'what it means, in one sentence';
const summary = text(NOTHING, notEmpty(NOTHING));
const LINK = 'a link such as https://wiki.example.com/errors';
/** What is wrong with a link; undefined: nothing. */
export const complainOfLink = (value: string): string | undefined =>
	/^https?:\/\/[^\s"<>]{1,1000}$/.test(value) ? undefined : `expected ${LINK}`;
const link = text(LINK, complainOfLink);

const ruleSchema = object({
	when: key(ruleText, 'The rule; of a rule of the default set, its own.', {
		defaultText: 'that of the default set',
		example: 'p95 > 500ms for 1m',
	}),
	service: key(name, 'Only this service; the same as `service:` in the rule.', {
		defaultText: 'all',
		example: 'videos',
	}),
	route: key(name, 'Only this route.', { defaultText: 'all', example: 'GET /v1/*' }),
	pool: key(name, 'Only this pool.', { defaultText: 'all', example: 'standby' }),
	for: key(duration(0, 604_800_000), 'How long it must hold; the same as `for` in the rule.', {
		defaultText: 'it fires at once',
		example: '1m',
	}),
	severity: key(
		choice(...ALERT_SEVERITIES),
		'`critical` wakes somebody, `warning` wants a look today, `info` is shown and told only to channels that `notify` names.',
		{ default: 'warning', example: 'critical' },
	),
	notify: key(names, 'Channels that are told.', { defaultText: 'all', example: ['slack'] }),
	summary: key(summary, 'What it means, in one sentence; `{{value}}`, `{{threshold}}` and `{{service}}` are put in.', {
		defaultText: 'the figure and its value in words',
		example: 'Videos of {{service}} come slowly: {{value}}',
	}),
	runbook: key(link, 'Where it says what to do.', {
		defaultText: 'none; of the default set [the one of the page](runbooks.md)',
		example: 'https://wiki.example.com/slow',
	}),
	repeat: key(duration(60_000, 604_800_000), 'How often it is told again while it fires and nobody acknowledges it.', {
		default: '4h',
		example: '1h',
	}),
	inhibits: key(names, 'Alerts that are not told while this one fires for the same service.', {
		defaultText: 'none',
		example: ['slow'],
	}),
	enabled: key(bool(), '`false` switches it off; so does `off` in place of the rule.', {
		default: true,
		example: false,
	}),
});

export const alertsSchema = map(
	oneOf([off, ruleText, ruleSchema], 'a rule such as `p95 > 500ms for 1m`, an object with when, or off'),
	'rules',
);

const url = oneOf([text('a URL', notEmpty('a URL')), reference], 'a URL, or `{ env: NAME }` or `{ file: ./path }`');
const RUN = 'a command such as ./tell.sh';
const runText = text(RUN, notEmpty(RUN), 'command');
const MAIL = 'an e-mail address such as ops@example.com';
const address = text(MAIL, (value) =>
	/^[^\s<>@,;:"\\\p{Cc}]{1,64}@[a-z0-9.-]{1,255}$/iu.test(value) ? undefined : `expected ${MAIL}`,
);

export const channelSchema = object({
	type: key(choice(...CHANNEL_TYPES), 'Who is told.', { defaultText: 'the name of the channel', example: 'slack' }),
	url: key(url, 'Where to; of Slack by reference, since it is a secret.', {
		defaultText: 'of PagerDuty its own',
		example: { env: 'SLACK_WEBHOOK_URL' },
	}),
	key: key(reference, 'Integration key of PagerDuty (Events API v2).', {
		defaultText: 'none',
		example: { env: 'PAGERDUTY_KEY' },
	}),
	headers: key(map(valueOrReference, 'fields'), 'More fields of the request, of `webhook` and `alertmanager`.', {
		defaultText: 'none',
		example: { Authorization: { env: 'HOOK_TOKEN' } },
	}),
	run: key(
		oneOf(
			[
				runText,
				list(
					text('a word', () => undefined),
					'words',
				),
			],
			'a command or a list of words',
		),
		'Command that is given the notification as JSON on its standard input; no shell is between.',
		{ defaultText: 'none', example: './tell.sh' },
	),
	to: key(oneOf([address, list(address, 'addresses')], 'an address or a list of addresses'), 'Who gets the e-mail.', {
		defaultText: 'none',
		example: 'ops@example.com',
	}),
	from: key(address, 'Who it comes from.', { defaultText: 'none', example: 'ballast@example.com' }),
	host: key(
		text('a host such as smtp.example.com', (value) =>
			/^[a-z0-9.:-]{1,255}$/i.test(value) ? undefined : 'expected a host such as smtp.example.com',
		),
		'Mail server that takes it.',
		{ defaultText: 'none', example: 'smtp.example.com' },
	),
	port: key(integer(1, 65_535), 'Its port.', {
		defaultText: '587, with `tls: implicit` 465, without TLS 25',
		example: 465,
	}),
	tls: key(
		choice('starttls', 'implicit', 'none'),
		'`starttls` asks for TLS and sends nothing without it; `implicit` begins with it; `none` is for a server on this machine.',
		{ default: 'starttls', example: 'implicit' },
	),
	user: key(name, 'Who logs in at the mail server.', { defaultText: 'nobody', example: 'ballast' }),
	password: key(reference, 'Its password.', { defaultText: 'none', example: { env: 'SMTP_PASSWORD' } }),
	template: key(
		text('a text with fields such as {{summary}}', notEmpty('a text with fields such as {{summary}}')),
		'What is written for each alert, by `slack` and `email`.',
		{ defaultText: 'as Ballast writes it', example: '{{severity}}: {{summary}} {{runbook}}' },
	),
	rate: key(integer(0, 600), 'Most notifications a minute; those over it wait. 0: no limit.', {
		default: DEFAULT_RATE,
		example: 10,
	}),
});

export const channelsSchema = map(channelSchema, 'channels');

export const heartbeatSchema = object({
	url: required(url, 'What is called.', { example: { env: 'HEARTBEAT_URL' } }),
	every: key(duration(5000, 3_600_000), 'How often.', { default: '1m', example: '30s' }),
});

const WINDOW = 'a window such as 0 2 * * 0 for 2h';
const windowText = text(WINDOW, notEmpty(WINDOW), 'window');

export const maintenanceSchema = list(
	oneOf(
		[
			windowText,
			object({
				when: required(windowText, 'When: five fields of cron in the time of the machine, or a time; and how long.', {
					example: '2026-12-01T02:00Z for 2h',
				}),
				service: key(name, 'Only alerts of this service.', { defaultText: 'all', example: 'videos' }),
			}),
		],
		`${WINDOW}, or an object with when, service`,
	),
	'windows',
);

export type AlertsInput = z.input<typeof alertsSchema>;
export type AlertRuleInput = z.input<typeof ruleSchema>;
export type ChannelInput = z.input<typeof channelSchema>;
export type ChannelsInput = z.input<typeof channelsSchema>;
export type HeartbeatInput = z.input<typeof heartbeatSchema>;
export type MaintenanceInput = z.input<typeof maintenanceSchema>;
