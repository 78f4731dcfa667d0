/** Over which slots a figure is read: the fewest that answer what is asked. */

/** Lengths of steps, seconds: each is a whole number of those that are kept. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const DAY_MS = 86_400_000;
/** Most slots of one window. */
const MOST_SLOTS = 720;
/** Most values that are read, over all series. */
const MOST_VALUES = 400_000;

export interface Kept {
	/** Up to which age there are minutes, and then five minutes, ms. */
	minutes: number;
	fiveMinutes: number;
}

export interface Grid {
	/** Begin of the first window. */
	fromMs: number;
	slotMs: number;
	grainMs: number;
	slots: number;
	/** Slots of a window. */
	width: number;
	/** How many values there are; the first is of `fromMs + width · slotMs`. */
	windows: number;
}

/** The next step that is no shorter, ms. */
export function stepFrom(ms: number): number {
	const seconds = ms / 1000;
	const step = STEPS.find((one) => one >= seconds - 1e-9);
	return step === undefined ? Math.ceil(ms / DAY_MS) * DAY_MS : step * 1000;
}

/** The shortest slot that there is of a time, ms. */
export function finestAt(ageMs: number, kept: Kept): number {
	return ageMs <= kept.minutes ? 60_000 : ageMs <= kept.fiveMinutes ? 300_000 : 3_600_000;
}

/** For one value at a time. The window ends with the last second that is recorded then. */
export function gridAt(timeMs: number, overMs: number, leastMs: number): Grid {
	// A sixtieth of the window is near enough at its edges, and a second is the shortest.
	const grainMs = Math.max(leastMs, stepDown(overMs / 60));
	const slotMs = Math.max(1, Math.round(overMs / grainMs)) * grainMs;
	// Of what is on disk the last minute is the last whole one: the one that runs is mostly still to come.
	const last = leastMs >= 60_000 ? 0 : 1;
	const endMs = (Math.floor(timeMs / grainMs) + last) * grainMs;
	return { fromMs: endMs - slotMs, slotMs, grainMs, slots: 1, width: 1, windows: 1 };
}

function stepDown(ms: number): number {
	const step = STEPS.findLast((one) => one * 1000 <= ms);
	return (step ?? 1) * 1000;
}

/** For a curve. Windows are no shorter than the distance of the points, so that every moment counts in one of them. */
export function gridOver(
	range: { fromMs: number; toMs: number; points: number; overMs: number },
	of: { leastMs: number; series: number },
): Grid {
	const points = Math.min(2000, Math.max(1, Math.floor(range.points)));
	const spanMs = Math.max(1000, range.toMs - range.fromMs);
	const affordable = Math.max(10, Math.floor(MOST_VALUES / Math.max(1, of.series)));
	const slotMs = Math.max(
		of.leastMs,
		stepFrom(spanMs / Math.min(points, affordable)),
		stepFrom(range.overMs / MOST_SLOTS),
	);
	const width = Math.max(1, Math.round(range.overMs / slotMs));
	const firstEndMs = Math.ceil((range.fromMs + 1) / slotMs) * slotMs;
	const lastEndMs = Math.max(firstEndMs, Math.ceil(range.toMs / slotMs) * slotMs);
	const windows = Math.min(points, Math.round((lastEndMs - firstEndMs) / slotMs) + 1);
	const slots = windows - 1 + width;
	return { fromMs: lastEndMs - slots * slotMs, slotMs, grainMs: slotMs, slots, width, windows };
}
