import type { CacheReport } from '../../cache/rules/cache-status.ts';
import { Cached } from '../../core/cached.ts';
import type { GiveHow } from './fill-owner.ts';

/** As what a given answer counts. */
export const CACHED: Readonly<Record<GiveHow['kind'], Cached>> = {
	stored: Cached.miss,
	revalidated: Cached.revalidated,
	stale: Cached.stale,
	collapsed: Cached.collapsed,
	found: Cached.hit,
};

/** What `Cache-Status` says of it. `ttlMs`: until it is stale. */
export function reportOf(how: GiveHow, ttlMs: number): CacheReport {
	return {
		fwd: how.fwd,
		fwdStatus: how.kind === 'stored' ? 0 : how.status,
		stored: how.kind === 'stored',
		collapsed: how.kind === 'collapsed',
		ttlMs,
		key: null,
		detail: how.detail ?? (how.kind === 'stale' ? 'stale-if-error' : null),
	};
}
