/** Values of figures, as people write and read them. */
import type { FigureInfo } from '../core/metric.ts';
import { formatDuration, formatShare, formatSize, parseDuration, parseSize } from '../core/units.ts';

type Measure = Pick<FigureInfo, 'name' | 'unit' | 'perSecond'>;

const WEEK = 604_800_000;
const A_SECOND: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** A duration of a rule, which may be in weeks, too; undefined: it is none. */
export function ruleDuration(text: string): number | undefined {
	const weeks = /^(\d+)w$/.exec(text);
	return weeks === null ? parseDuration(text) : Number(weeks[1]) * WEEK;
}

/** A value in the figure's own unit, or a sentence that says what is accepted. 0 needs no unit. */
export function readValue(text: string, figure: Measure): number | string {
	if (text === '0') return 0;
	const { unit, perSecond } = figure;
	const [amount = '', per] = perSecond ? splitRate(text) : [text];
	const plain = /^-?\d+(\.\d+)?$/.test(amount) ? Number(amount) : undefined;
	const divisor = per === undefined ? 1 : (A_SECOND[per] ?? 0);
	const rate = perSecond ? '/s' : '';
	const wrong = (example: string, meant?: string) =>
		`expected ${kindOf(figure)} such as ${example}${rate} for \`${figure.name}\`, not \`${text}\`${meant === undefined ? '' : `; write \`${meant}\``}`;
	if (perSecond && (per === undefined || divisor === 0)) return wrong(EXAMPLE[unit], meantRate(amount, figure));
	if (unit === 'number') return plain === undefined ? wrong('2') : plain / divisor;
	if (unit === 'ratio') {
		const percent = /^(-?\d+(?:\.\d+)?)%$/.exec(amount);
		if (percent !== null) return Number(percent[1]) / 100 / divisor;
		return wrong(
			'5%',
			plain === undefined ? undefined : `${plain > 0 && plain < 1 ? formatShare(plain) : `${plain}%`}`,
		);
	}
	if (unit === 'seconds') {
		const ms = ruleDuration(amount);
		return ms === undefined ? wrong('500ms', plain === undefined ? undefined : `${plain}s`) : ms / 1000 / divisor;
	}
	const bytes = parseSize(amount);
	return bytes === undefined ? wrong('10MB', plain === undefined ? undefined : `${plain}MB${rate}`) : bytes / divisor;
}

const EXAMPLE = { number: '10', ratio: '5%', seconds: '500ms', bytes: '10MB' } as const;

function splitRate(text: string): [string, string?] {
	const found = /^(.*)\/([a-z]+)$/.exec(text);
	return found === null ? [text] : [found[1] as string, found[2] as string];
}

function meantRate(amount: string, { unit }: Measure): string | undefined {
	const fits = unit === 'bytes' ? parseSize(amount) !== undefined : /^\d+(\.\d+)?$/.test(amount);
	return fits ? `${amount}/s` : undefined;
}

function kindOf({ unit, perSecond }: Measure): string {
	const kinds = { number: 'a number', ratio: 'a share', seconds: 'a duration', bytes: 'a size' };
	return perSecond ? `${unit === 'number' ? 'a rate' : `${kinds[unit]} a second`}` : kinds[unit];
}

/** `820ms`, `5.2%`, `12.3/s`, `1.5GiB`: at most three digits that matter. */
export function formatValue(value: number, { unit, perSecond }: Pick<FigureInfo, 'unit' | 'perSecond'>): string {
	const rate = perSecond ? '/s' : '';
	if (!Number.isFinite(value)) return `${value}${rate}`;
	if (unit === 'ratio') return `${formatShare(rounded(value))}${rate}`;
	if (unit === 'seconds') return `${formatSeconds(value)}${rate}`;
	if (unit === 'bytes') return `${formatBytes(value)}${rate}`;
	return `${rounded(value)}${rate}`;
}

function formatSeconds(seconds: number): string {
	const sign = seconds < 0 ? '-' : '';
	const ms = Math.abs(seconds) * 1000;
	if (ms < 1) return `${sign}${rounded(ms)}ms`;
	if (ms < 1000) return `${sign}${Math.round(ms)}ms`;
	if (ms < 60_000) return `${sign}${rounded(ms / 1000)}s`;
	// Of minutes and longer the two largest units.
	const step = ms < 3_600_000 ? 1000 : ms < 86_400_000 ? 60_000 : 3_600_000;
	return `${sign}${formatDuration(Math.round(ms / step) * step)}`;
}

function formatBytes(bytes: number): string {
	const units = ['GiB', 'MiB', 'KiB'] as const;
	const at = units.findIndex((_, i) => Math.abs(bytes) >= 1024 ** (3 - i));
	const unit = units[at];
	return unit === undefined ? formatSize(Math.round(bytes)) : `${rounded(bytes / 1024 ** (3 - at))}${unit}`;
}

const rounded = (value: number): number => Number(value.toPrecision(value !== 0 && Math.abs(value) >= 1000 ? 4 : 3));
