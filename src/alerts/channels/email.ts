import { randomUUID } from 'node:crypto';
import { type Channel, type Notification, SEND_MS } from '../notification.ts';
import { bodyOf, titleOf } from './alert-text.ts';
import { type SmtpServer, sendMail } from './smtp-client.ts';

export interface EmailConfig {
	type: 'email';
	server: SmtpServer;
	from: string;
	to: readonly string[];
	/** A paragraph for each alert; null: as Ballast writes it. */
	template: string | null;
}

/** E-mail by a submission server. Messages about one group make one thread. */
export class EmailChannel implements Channel {
	readonly #config: EmailConfig;
	readonly #waitMs: number;

	constructor(config: EmailConfig, waitMs: number = SEND_MS) {
		this.#config = config;
		this.#waitMs = waitMs;
	}

	async send(notification: Notification): Promise<void> {
		const { server, from, to } = this.#config;
		await sendMail(server, { from, to, data: this.#message(notification) }, this.#waitMs);
	}

	#message(notification: Notification): string {
		const { from, to, template } = this.#config;
		const { group, node, timeMs, severity } = notification;
		const host = from.slice(from.lastIndexOf('@') + 1);
		const thread = `<ballast-${group.replaceAll(/\W/g, '')}@${host}>`;
		const fields = [
			`From: Ballast <${from}>`,
			`To: ${to.map((one) => `<${one}>`).join(',\r\n ')}`,
			`Subject: ${encoded(`[${node}] ${titleOf(notification)}`)}`,
			`Date: ${new Date(timeMs).toUTCString().replace('GMT', '+0000')}`,
			`Message-ID: <${randomUUID()}@${host}>`,
			`References: ${thread}`,
			...(severity === 'critical' && notification.status === 'firing' ? ['Importance: high'] : []),
			'Auto-Submitted: auto-generated',
			'MIME-Version: 1.0',
			'Content-Type: text/plain; charset=utf-8',
			'Content-Transfer-Encoding: base64',
		];
		const body = Buffer.from(`${bodyOf(notification, template)}\n`).toString('base64');
		return `${fields.join('\r\n')}\r\n\r\n${(body.match(/.{1,76}/g) ?? []).join('\r\n')}`;
	}
}

/** RFC 2047: nothing in it can begin another field. */
function encoded(text: string): string {
	const words: string[] = [];
	let word = '';
	for (const character of text.slice(0, 200)) {
		// A word has at most 75 characters.
		if (Buffer.byteLength(word + character) > 42) {
			words.push(word);
			word = '';
		}
		word += character;
	}
	return [...words, word].map((one) => `=?utf-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ');
}
