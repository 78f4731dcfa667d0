import type { Channel, Notification } from '../notification.ts';
import { notifyFailed } from '../notification.ts';

/** A channel that keeps what it is sent, or fails as often as it is told. */
export class TestChannel implements Channel {
	readonly sent: Notification[] = [];
	failures = 0;
	permanent = false;
	tries = 0;

	async send(notification: Notification): Promise<void> {
		this.tries++;
		if (this.failures > 0) {
			this.failures--;
			throw notifyFailed('out of order', { permanent: this.permanent });
		}
		this.sent.push(notification);
	}

	/** `firing a+b`, `resolved a`. */
	get told(): string[] {
		return this.sent.map(
			({ status, alerts }) =>
				`${status} ${alerts.map(({ name, labels, status: own }) => `${own === status ? '' : '-'}${Object.values(labels).join('/') || name}`).join('+')}`,
		);
	}
}
