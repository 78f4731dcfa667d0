/** Times as people read them beside each other: local, and only as exact as it helps. */

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:07.120`; of another day than `now` with its date before. What is no time is `?`. */
export function formatTime(ms: number, nowMs: number): string {
	const time = new Date(ms);
	if (Number.isNaN(time.getTime())) return '?';
	const clock = `${formatClock(time)}.${String(time.getMilliseconds()).padStart(3, '0')}`;
	return isSameDay(time, new Date(nowMs)) ? clock : `${formatDate(time)} ${clock}`;
}

/** `14:03:07`, `11-28 14:03` for spans over a day: the label on an axis. */
export function formatTick(ms: number, spanMs: number): string {
	const time = new Date(ms);
	if (Number.isNaN(time.getTime())) return '?';
	if (spanMs > 86_400_000) return `${formatDate(time).slice(5)} ${formatClock(time).slice(0, 5)}`;
	return spanMs > 2 * 3_600_000 ? formatClock(time).slice(0, 5) : formatClock(time);
}

function formatClock(time: Date): string {
	return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

function formatDate(time: Date): string {
	return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

const isSameDay = (one: Date, other: Date): boolean => formatDate(one) === formatDate(other);
