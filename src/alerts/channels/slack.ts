import { type Channel, type Notification, notifyFailed, SEND_MS } from '../notification.ts';
import { bodyOf, titleOf } from './alert-text.ts';
import { postOnce } from './post.ts';

export interface SlackConfig {
	type: 'slack';
	/** Of an incoming webhook; it is a secret. */
	url: string;
	/** A paragraph for each alert; null: as Ballast writes it. */
	template: string | null;
}

/** A section's text takes 3,000 characters, a header's 150. */
const MOST_SECTION = 2900;
const MOST_HEADER = 150;

/** Slack's incoming webhooks; Mattermost and Rocket.Chat take them too. */
export class SlackChannel implements Channel {
	readonly #config: SlackConfig;
	readonly #waitMs: number;

	constructor(config: SlackConfig, waitMs: number = SEND_MS) {
		this.#config = config;
		this.#waitMs = waitMs;
	}

	async send(notification: Notification): Promise<void> {
		const title = titleOf(notification);
		const body = bodyOf(notification, this.#config.template);
		const answer = await postOnce(this.#config.url, {
			waitMs: this.#waitMs,
			body: {
				text: escaped(`${title}\n${body}`).slice(0, MOST_SECTION),
				blocks: [
					{ type: 'header', text: { type: 'plain_text', text: title.slice(0, MOST_HEADER), emoji: false } },
					{ type: 'section', text: { type: 'mrkdwn', text: escaped(body).slice(0, MOST_SECTION), verbatim: true } },
					{
						type: 'context',
						elements: [{ type: 'plain_text', text: `Ballast ${notification.node}`.slice(0, 75), emoji: false }],
					},
				],
			},
		});
		// It may say 200 and still have refused it.
		if (/^(no_|invalid_|channel_|action_)/.test(answer))
			throw notifyFailed(`refused: ${answer.slice(0, 60)}`, { permanent: true });
	}
}

/** What Slack would take for a link or a mention (`<!channel>`) is written out. */
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
