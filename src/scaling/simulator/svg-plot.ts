/** Lines over time as SVG, nothing else needed to see it. */
import { escaped } from './markup.ts';

export interface PlotLine {
	name: string;
	colour: string;
	/** As steps: the value holds until the next one. */
	stepped?: boolean;
	/** Filled down to zero. */
	filled?: boolean;
	/** By time, epoch ms; null: a gap. */
	points: readonly (readonly [atMs: number, value: number | null])[];
}

export interface Plot {
	title: string;
	lines: readonly PlotLine[];
	fromMs: number;
	toMs: number;
	format(value: number): string;
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [960, 220, 64, 12, 30, 24];

export function svgPlot({ title, lines, fromMs, toMs, format }: Plot): string {
	const highest = Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value ?? 0)));
	const top = niceTop(highest);
	const x = (ms: number) => LEFT + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (WIDTH - LEFT - RIGHT);
	const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
	const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
		const at = y(top * share).toFixed(1);
		return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/><text class="mark" x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${escaped(format(top * share))}</text>`;
	});
	const times = [0, 0.25, 0.5, 0.75, 1].map((share) => {
		const ms = fromMs + share * (toMs - fromMs);
		const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
		return `<text class="mark" x="${x(ms).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${escaped(timeText(ms, toMs - fromMs))}</text>`;
	});
	const drawn = lines.map((line) => pathOf(line, { x, y, toMs }));
	return [
		`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
		`<text class="title" x="${LEFT}" y="16">${escaped(title)}</text>`,
		...grid,
		...times,
		...drawn,
		'</svg>',
	].join('\n');
}

interface Scales {
	x(ms: number): number;
	y(value: number): number;
	toMs: number;
}

function pathOf({ name, colour, points, stepped = false, filled = false }: PlotLine, { x, y, toMs }: Scales): string {
	let path = '';
	let last: readonly [number, number] | null = null;
	for (const [ms, value] of [...points, [toMs, points.at(-1)?.[1] ?? null] as const]) {
		if (value === null) {
			last = null;
			continue;
		}
		const [left, height] = [x(ms), y(value)];
		if (last === null) path += `M${left.toFixed(1)} ${(filled ? y(0) : height).toFixed(1)}`;
		if (last !== null && stepped) path += `H${left.toFixed(1)}`;
		path += `L${left.toFixed(1)} ${height.toFixed(1)}`;
		last = [left, height];
	}
	if (filled && last !== null) path += `L${last[0].toFixed(1)} ${y(0).toFixed(1)}Z`;
	const look = filled ? `fill="${colour}" stroke="none"` : `fill="none" stroke="${colour}"`;
	return `<path d="${path}" ${look}><title>${escaped(name)}</title></path>`;
}

/** A round number that the highest value fits below. */
function niceTop(highest: number): number {
	if (!(highest > 0)) return 1;
	const unit = 10 ** Math.floor(Math.log10(highest));
	return ([1, 2, 4, 5, 8, 10].find((factor) => factor * unit >= highest) ?? 10) * unit;
}

/** UTC; the day too where there are several. */
function timeText(ms: number, spanMs: number): string {
	const text = new Date(ms).toISOString();
	if (spanMs > 86_400_000) return `${text.slice(5, 10)} ${text.slice(11, 16)}`;
	return spanMs < 600_000 ? text.slice(11, 19) : text.slice(11, 16);
}
