import { BallastError } from '../core/errors.ts';

/**
 * What is purged; exactly one. `urls` are whole ones. `prefixes`: host and path without a scheme
 * (`api.example.com/v1/`), of a host alone everything of it.
 */
export type PurgeSelect =
	| { urls: readonly string[] }
	| { prefixes: readonly string[] }
	| { tags: readonly string[] }
	| { everything: true };

export type PurgeKind = 'urls' | 'prefixes' | 'tags' | 'everything';

/** Somebody outside who keeps copies of answers: a CDN, or whoever tells one. */
export interface PurgeTarget {
	/** Most items of one call, by kind; 0: it cannot purge so. */
	readonly most: Readonly<Record<PurgeKind, number>>;
	/**
	 * One call, or the few that one selection needs there. `soft`: stale, not gone, where the other side knows that.
	 * Ends within `CALL_MS`, whatever the other side does. @throws BallastError `purge_failed` (see `purgeFailed`)
	 */
	purge(select: PurgeSelect, soft: boolean): Promise<void>;
}

/** Most time of one call, ms. */
export const CALL_MS = 10_000;

export interface PurgeFailure {
	/** What was asked for is refused and would be again: an item of it is not valid. Everything else is tried again. */
	permanent?: boolean;
	retryAfterMs?: number;
}

export function purgeFailed(message: string, details: PurgeFailure = {}): BallastError {
	return new BallastError('purge_failed', message.slice(0, 300), { ...details });
}

export function kindOf(select: PurgeSelect): PurgeKind {
	if ('urls' in select) return 'urls';
	if ('prefixes' in select) return 'prefixes';
	return 'tags' in select ? 'tags' : 'everything';
}

/** Its items; of `everything` one, which stands for it. */
export function itemsOf(select: PurgeSelect): readonly string[] {
	if ('urls' in select) return select.urls;
	if ('prefixes' in select) return select.prefixes;
	return 'tags' in select ? select.tags : ['*'];
}

export function selectOf(kind: PurgeKind, items: readonly string[]): PurgeSelect {
	switch (kind) {
		case 'urls':
			return { urls: items };
		case 'prefixes':
			return { prefixes: items };
		case 'tags':
			return { tags: items };
		case 'everything':
			return { everything: true };
	}
}
