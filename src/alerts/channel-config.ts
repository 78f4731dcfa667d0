import type { AlertmanagerConfig } from './channels/alertmanager.ts';
import type { CommandConfig } from './channels/command.ts';
import type { EmailConfig } from './channels/email.ts';
import type { PagerDutyConfig } from './channels/pagerduty.ts';
import type { SlackConfig } from './channels/slack.ts';
import type { WebhookConfig } from './channels/webhook.ts';

export type ChannelTarget =
	| WebhookConfig
	| SlackConfig
	| PagerDutyConfig
	| EmailConfig
	| AlertmanagerConfig
	| CommandConfig;

/** A channel, resolved: its secrets are in it. */
export interface ChannelConfig {
	name: string;
	/** Most notifications a minute; 0: no limit. */
	perMinute: number;
	to: ChannelTarget;
	/** Values that must never be shown. */
	secrets: readonly string[];
}

export const CHANNEL_TYPES = ['webhook', 'slack', 'pagerduty', 'email', 'alertmanager', 'command'] as const;

export type ChannelType = (typeof CHANNEL_TYPES)[number];
