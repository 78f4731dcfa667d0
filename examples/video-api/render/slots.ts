import type { DatabaseSync } from 'node:sqlite';

const leaseMs = 10_000;
const renewMs = 3_000;

export interface RenderSlots {
	/** Takes a slot for a render that ends then, or says when one should be free. */
	take(videoId: string, endsAt: number): { taken: true } | { taken: false; retryAfterMs: number };
	release(videoId: string): void;
	/** How many run now, over all processes. */
	inUse(): number;
	close(): void;
}

/**
 * At most `limit` renders at once over all processes on the database. A process holds its slots by a lease that it
 * renews; those of one that died are free again when the lease ends, 10 s later at most.
 */
export function renderSlots(db: DatabaseSync, { holder, limit }: { holder: string; limit: number }): RenderSlots {
	const forget = db.prepare('DELETE FROM render_slots WHERE lease_until < ?');
	const take = db.prepare(
		`INSERT INTO render_slots SELECT :videoId, :holder, :endsAt, :leaseUntil
		WHERE (SELECT count(*) FROM render_slots WHERE lease_until >= :now) < :limit`,
	);
	const release = db.prepare('DELETE FROM render_slots WHERE video_id = ?');
	const renew = db.prepare('UPDATE render_slots SET lease_until = ? WHERE holder = ?');
	const usage = db.prepare('SELECT count(*) AS used, min(ends_at) AS next FROM render_slots WHERE lease_until >= ?');
	const current = (now: number) => usage.get(now) as { used: number; next: number | null };
	const mine = new Set<string>();

	const timer = setInterval(() => {
		if (mine.size > 0) renew.run(Date.now() + leaseMs, holder);
	}, renewMs);
	timer.unref();

	return {
		take: (videoId, endsAt) => {
			const now = Date.now();
			forget.run(now);
			if (take.run({ videoId, holder, endsAt, leaseUntil: now + leaseMs, now, limit }).changes === 0) {
				return { taken: false, retryAfterMs: Math.max(0, (current(now).next ?? now) - now) };
			}
			mine.add(videoId);
			return { taken: true };
		},
		release: (videoId) => {
			if (mine.delete(videoId)) release.run(videoId);
		},
		inUse: () => current(Date.now()).used,
		close: () => clearInterval(timer),
	};
}
