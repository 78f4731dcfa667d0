/** What an upstream calls the jobs of one submission, as a job keeps it: with commas; a list of one has one at its end. */
export const joinIds = (ids: readonly string[], listed: boolean): string =>
	listed && ids.length === 1 ? `${ids[0]},` : ids.join(',');

export const splitIds = (kept: string | null): string[] => (kept ?? '').split(',').filter((id) => id !== '');

/** The shape that the upstream's answer had. */
export function shownIds(kept: string): string | string[] {
	const ids = splitIds(kept);
	return kept.includes(',') ? ids : (ids[0] ?? '');
}
