import { BallastError } from '../../core/errors.ts';
import type { PurgeTargetConfig } from '../config.ts';
import { type PurgeFailure, type PurgeKind, type PurgeSelect, type PurgeTarget, purgeFailed } from '../purge-target.ts';
import { BallastTarget } from './ballast.ts';
import { CloudflareTarget } from './cloudflare.ts';
import { FastlyTarget } from './fastly.ts';
import { WebhookPurgeTarget } from './webhook.ts';

/** The target that a configuration says. What it complains of never holds one of the configuration's secrets. */
export function targetOf(config: PurgeTargetConfig): PurgeTarget {
	return new Discreet(rawTarget(config), config.secrets);
}

function rawTarget({ to }: PurgeTargetConfig): PurgeTarget {
	switch (to.type) {
		case 'cloudflare':
			return new CloudflareTarget(to);
		case 'fastly':
			return new FastlyTarget(to);
		case 'ballast':
			return new BallastTarget(to);
		case 'webhook':
			return new WebhookPurgeTarget(to);
	}
}

/** The other side may have said back what it was sent. */
class Discreet implements PurgeTarget {
	readonly #target: PurgeTarget;
	readonly #secrets: readonly string[];
	readonly most: Readonly<Record<PurgeKind, number>>;

	constructor(target: PurgeTarget, secrets: readonly string[]) {
		this.#target = target;
		this.#secrets = secrets;
		this.most = target.most;
	}

	async purge(select: PurgeSelect, soft: boolean): Promise<void> {
		try {
			await this.#target.purge(select, soft);
		} catch (error) {
			const { message } = error as Error;
			const text = this.#secrets.reduce((all, secret) => all.replaceAll(secret, '***'), message);
			throw purgeFailed(text, error instanceof BallastError ? (error.details as PurgeFailure) : {});
		}
	}
}
