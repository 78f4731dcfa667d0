import { BallastError } from '../../core/errors.ts';
import type { ChannelConfig } from '../channel-config.ts';
import type { Channel, Notification } from '../notification.ts';
import { AlertmanagerChannel } from './alertmanager.ts';
import { CommandChannel } from './command.ts';
import { EmailChannel } from './email.ts';
import { PagerDutyChannel } from './pagerduty.ts';
import { SlackChannel } from './slack.ts';
import { WebhookChannel } from './webhook.ts';

/** The channel that a configuration says. What it complains of never holds one of the configuration's secrets. */
export function channelOf(config: ChannelConfig): Channel {
	return new Discreet(rawChannel(config), config.secrets);
}

function rawChannel({ to }: ChannelConfig): Channel {
	switch (to.type) {
		case 'webhook':
			return new WebhookChannel(to);
		case 'slack':
			return new SlackChannel(to);
		case 'pagerduty':
			return new PagerDutyChannel(to);
		case 'email':
			return new EmailChannel(to);
		case 'alertmanager':
			return new AlertmanagerChannel(to);
		case 'command':
			return new CommandChannel(to);
	}
}

/** The other side may have said back what it was sent. */
class Discreet implements Channel {
	readonly #channel: Channel;
	readonly #secrets: readonly string[];
	readonly resendMs?: number;

	constructor(channel: Channel, secrets: readonly string[]) {
		this.#channel = channel;
		this.#secrets = secrets;
		if (channel.resendMs !== undefined) this.resendMs = channel.resendMs;
	}

	async send(notification: Notification): Promise<void> {
		try {
			await this.#channel.send(notification);
		} catch (error) {
			const { message, details } =
				error instanceof BallastError ? error : { message: (error as Error).message, details: {} };
			const text = this.#secrets.reduce((all, secret) => all.replaceAll(secret, '***'), message);
			throw new BallastError('notify_failed', text, details);
		}
	}
}
