import { formatDuration, parseDuration } from '../core/units.ts';

/** So many requests in so many ms. */
export interface Rate {
	count: number;
	perMs: number;
}

/** More can be counted by no clock that is worth having; it is the same as no limit. */
const MOST_PER_MS = 1000;
/** Also of a burst. */
export const MOST_COUNT = 1_000_000;
const MOST_PER = 86_400_000;
export const RATE = 'a rate such as 100/s, 600/m, 5000/h or 10/10s';

/** `100/s`, `10/10s`, `5000/h`; a sentence when it is none, or none that can be held. */
export function parseRate(value: string): Rate | string {
	const found = /^(\d{1,9})\/((?:\d.*)?(?:ms|[smhd]))$/.exec(value);
	const period = found?.[2] ?? '';
	const perMs = parseDuration(/^\d/.test(period) ? period : `1${period}`);
	if (found === null || perMs === undefined) return `expected ${RATE}${meant(value)}`;
	const count = Number(found[1]);
	if (count === 0) return `expected ${RATE}; to let nothing in, answer with \`respond: 429\``;
	if (count > MOST_COUNT) return `expected ${RATE}, with at most ${MOST_COUNT} requests`;
	if (perMs < 1 || perMs > MOST_PER) return `expected ${RATE}; a period is from 1ms to 1d`;
	return count / perMs > MOST_PER_MS ? `expected ${RATE}, at most 1000000/s` : { count, perMs };
}

/** `100/s` of `100r/s`, `100 per second`, `100rps`. */
function meant(value: string): string {
	const found =
		/^\s*(\d+)\s*(?:r|req|requests?)?\s*(?:\/|per|p)\s*(ms|[smhd]|sec|seconds?|min|minutes?|hours?|days?)\s*$/i.exec(
			value,
		);
	const unit = found?.[2]?.toLowerCase() ?? '';
	return found === null ? '' : `; write \`${found[1]}/${unit === 'ms' ? unit : unit[0]}\``;
}

/** The way back: `100/s`. */
export function formatRate({ count, perMs }: Rate): string {
	return `${count}/${formatDuration(perMs).replace(/^1(?=(?:ms|[smhd])$)/, '')}`;
}
