/** Numbers in sentences. */

/** `12 ms`, `1.2 s`, `3 min`, `5 h`, `12 days`. */
export function time(seconds: number): string {
	if (seconds < 0.0995) return `${digits(seconds * 1000)} ms`;
	if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
	if (seconds < 99.5) return `${digits(seconds)} s`;
	if (seconds < 5970) return `${Math.round(seconds / 60)} min`;
	return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** `85 %`, `1.2 %`, `0.04 %`. */
export function percent(share: number): string {
	const value = share * 100;
	if (value > 0 && value < 0.01) return 'under 0.01 %';
	return `${Number(value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0))} %`;
}

/** `12 a second`, `3 a minute`, `2 an hour`: whichever reads best. */
export function rate(perSecond: number): string {
	if (perSecond >= 0.95) return `${digits(perSecond)} a second`;
	if (perSecond * 60 >= 0.95) return `${digits(perSecond * 60)} a minute`;
	return `${digits(perSecond * 3600)} an hour`;
}

/** `1 instance`, `3 instances`. */
export function counted(count: number, one: string, many = `${one}s`): string {
	return `${count} ${count === 1 ? one : many}`;
}

/** `120 MB`. */
export function size(bytes: number): string {
	for (const [unit, one] of [
		['GB', 1e9],
		['MB', 1e6],
		['kB', 1e3],
	] as const) {
		if (bytes >= one) return `${digits(bytes / one)} ${unit}`;
	}
	return `${Math.round(bytes)} B`;
}

/** Two or three of them. */
function digits(value: number): string {
	return String(Number(value < 9.95 ? value.toFixed(1) : value.toFixed(0)));
}
