/** How durations and ends of processes read in events. */

/** `0.4 s`, `12 s`. */
export function inSeconds(ms: number): string {
	const seconds = ms / 1000;
	return `${seconds < 9.95 ? seconds.toFixed(1) : String(Math.round(seconds))} s`;
}

/** `at once`, `in 0.5 s`. */
export function afterDelay(ms: number): string {
	return ms < 50 ? 'at once' : `in ${inSeconds(ms)}`;
}

/** `exited with code 1`, `was killed by SIGKILL`. */
export function endText(ending: { code: number | null; signal: string | null }): string {
	if (ending.signal !== null) return `was killed by ${ending.signal}`;
	return ending.code === null ? 'ended' : `exited with code ${ending.code}`;
}
