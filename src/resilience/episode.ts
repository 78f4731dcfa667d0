/** A time in which requests are refused, told by two lines: one when it begins, one when it is over. */

/** Without a refusal for so long it is over, ms. Nothing is told more often than this. */
export const QUIET_MS = 10_000;

export interface Episode {
	sinceMs: number;
	/** When the last one was refused. */
	lastMs: number;
	refused: number;
}

export interface Told {
	/** null: none is under way. */
	episode: Episode | null;
	/** What is to be told now; `over` with the episode that ended. */
	tell: { what: 'begins' } | { what: 'over'; episode: Episode } | null;
}

/** `refused`: since the last look. */
export function followEpisode(episode: Episode | null, refused: number, nowMs: number): Told {
	if (episode === null) {
		if (refused === 0) return { episode, tell: null };
		return { episode: { sinceMs: nowMs, lastMs: nowMs, refused }, tell: { what: 'begins' } };
	}
	if (refused > 0) return { episode: { ...episode, lastMs: nowMs, refused: episode.refused + refused }, tell: null };
	if (nowMs - episode.lastMs < QUIET_MS) return { episode, tell: null };
	return { episode: null, tell: { what: 'over', episode } };
}
