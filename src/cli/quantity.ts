/** Numbers as a person reads them at a glance: two or three digits, then a unit. What is no number is `?`. */

/** `34k`, `1.2M`; below 10,000 exact. */
export function formatCount(value: number): string {
	if (!Number.isFinite(value)) return '?';
	return Math.abs(value) < 10_000 ? String(Math.round(value)) : scaled(value, 1000, ['k', 'M', 'G', 'T', 'P']);
}

/** `0/s`, `0.3/s`, `12/s`, `1.2k/s`. */
export function formatRate(perSecond: number): string {
	if (!Number.isFinite(perSecond)) return '?';
	if (perSecond < 0.05) return '0/s';
	return `${perSecond < 999.5 ? fewDigits(perSecond) : scaled(perSecond, 1000, ['k', 'M', 'G'])}/s`;
}

/** A latency of so many ms: `0.4 ms`, `12 ms`, `1.2 s`, `3m05s`. */
export function formatLatency(ms: number): string {
	if (!Number.isFinite(ms)) return '?';
	if (ms < 999.5) return `${fewDigits(ms)} ms`;
	return ms < 59_950 ? `${fewDigits(ms / 1000)} s` : formatAge(ms);
}

/** `512 B`, `1.2 kB`, `34 MB`. */
export function formatBytes(bytes: number): string {
	if (!Number.isFinite(bytes)) return '?';
	return bytes < 1000 ? `${Math.round(bytes)} B` : scaled(bytes, 1000, [' kB', ' MB', ' GB', ' TB', ' PB']);
}

/** How long ago or since when, from ms, in its two largest units: `12s`, `3m05s`, `2h07m`, `5d03h`. */
export function formatAge(ms: number): string {
	if (!Number.isFinite(ms)) return '?';
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
	if (seconds < 60) return `${seconds}s`;
	if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
	if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two((seconds % 3600) / 60)}m`;
	return `${Math.floor(seconds / 86_400)}d${two((seconds % 86_400) / 3600)}h`;
}

/** `1 service`, `2 services`. */
export function plural(count: number, one: string, many = `${one}s`): string {
	return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function scaled(value: number, step: number, units: readonly string[]): string {
	let rest = value / step;
	let unit = 0;
	// 999.95k would read as 1000k.
	while (Math.abs(rest) >= 999.5 && unit < units.length - 1) {
		rest /= step;
		unit++;
	}
	return fewDigits(rest) + (units[unit] as string);
}

function fewDigits(value: number): string {
	const fixed = Math.abs(value) < 9.95 ? value.toFixed(1) : value.toFixed(0);
	return fixed.endsWith('.0') ? fixed.slice(0, -2) : fixed;
}
