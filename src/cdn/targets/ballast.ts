import { call, expectGood } from '../call.ts';
import type { PurgeKind, PurgeSelect, PurgeTarget } from '../purge-target.ts';

export interface BallastTargetConfig {
	type: 'ballast';
	/** Of its admin listener. */
	url: string;
	/** Its `purge.token`; it is a secret. */
	token: string;
}

const MOST_ITEMS = 1000;

/**
 * The cache of another Ballast, by its `POST /purge`: the edges of a shield, or the nodes of a group. Its own targets are
 * not told: two nodes that name each other would tell each other for ever.
 */
export class BallastTarget implements PurgeTarget {
	readonly #config: BallastTargetConfig;
	readonly most: Readonly<Record<PurgeKind, number>> = {
		urls: MOST_ITEMS,
		prefixes: MOST_ITEMS,
		tags: MOST_ITEMS,
		everything: 1,
	};

	constructor(config: BallastTargetConfig) {
		this.#config = config;
	}

	async purge(select: PurgeSelect, soft: boolean): Promise<void> {
		const { url, token } = this.#config;
		const headers = { authorization: `Bearer ${token}` };
		const answer = await call(`${url}/purge`, { headers, body: JSON.stringify({ ...select, soft, targets: [] }) });
		// Nothing matched there, which is as good as purged.
		if (answer.status === 404 && /"cache":\{"removed":0\}/.test(answer.text)) return;
		expectGood(answer);
	}
}
