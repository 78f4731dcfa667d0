/** Numbers as a line of small columns. */

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** The newest `width` values; the highest column is the highest value, or `top`. A gap is a space. */
export function sparkline(values: readonly (number | null)[], width: number, top?: number): string {
	const shown = squeeze(values, width);
	const highest = top ?? Math.max(0, ...shown.filter((value) => value !== null));
	return shown
		.map((value) => {
			if (value === null || !Number.isFinite(value)) return ' ';
			const level = highest > 0 ? Math.ceil((Math.max(0, value) / highest) * LEVELS.length) - 1 : 0;
			return LEVELS[Math.min(LEVELS.length - 1, Math.max(0, level))] as string;
		})
		.join('');
}

/** At most `width` values: neighbours become their highest one, so that a peak stays. */
export function squeeze(values: readonly (number | null)[], width: number): (number | null)[] {
	if (values.length <= width) return [...values];
	const squeezed: (number | null)[] = [];
	for (let at = 0; at < width; at++) {
		const [from, to] = [Math.floor((at * values.length) / width), Math.floor(((at + 1) * values.length) / width)];
		const known = values.slice(from, to).filter((value) => value !== null && Number.isFinite(value)) as number[];
		squeezed.push(known.length === 0 ? null : Math.max(...known));
	}
	return squeezed;
}
