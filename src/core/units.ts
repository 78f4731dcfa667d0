/** Durations, sizes and shares as people write them, held as numbers (ms, bytes, 0…1). */

const DURATION: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE: Record<string, number> = {
	B: 1,
	kB: 1000,
	KB: 1000,
	MB: 1_000_000,
	GB: 1_000_000_000,
	KiB: 1024,
	MiB: 1_048_576,
	GiB: 1_073_741_824,
};

/** Milliseconds of `30s`, `1m30s`, `250ms`; undefined when the text is no duration. A bare number has no unit and is refused. */
export function parseDuration(text: string): number | undefined {
	if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
	let total = 0;
	for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
		total += Number(amount) * (DURATION[unit as string] as number);
	}
	return Math.round(total);
}

/** Bytes of `16KiB`, `10MB` or `512B`; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
	const found = /^(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)$/.exec(text);
	return found ? Math.round(Number(found[1]) * (SIZE[found[2] as string] as number)) : undefined;
}

/** A share from 0 to 1 of `60%`; undefined when the text is none or outside 0…100 %. */
export function parseShare(text: string): number | undefined {
	const found = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
	const share = found ? Number(found[1]) / 100 : Number.NaN;
	return share >= 0 && share <= 1 ? share : undefined;
}

/** A share as people write it: 0.2 → `20%`. */
export function formatShare(share: number): string {
	return `${+(share * 100).toFixed(6)}%`;
}

/** The shortest exact way to write a duration: 90000 → `1m30s`. */
export function formatDuration(ms: number): string {
	if (ms === 0) return '0s';
	let rest = Math.round(ms);
	let text = '';
	for (const unit of ['d', 'h', 'm', 's', 'ms']) {
		const size = DURATION[unit] as number;
		const amount = Math.floor(rest / size);
		if (amount > 0) text += `${amount}${unit}`;
		rest -= amount * size;
	}
	return text;
}

/** A size in the largest binary unit that keeps it exact: 16384 → `16KiB`. */
export function formatSize(bytes: number): string {
	for (const unit of ['GiB', 'MiB', 'KiB']) {
		const size = SIZE[unit] as number;
		if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
	}
	return `${bytes}B`;
}
