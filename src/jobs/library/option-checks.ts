/** Options of `ballast/jobs`: a TypeError names the one that is not accepted, and what is. */
import { closest } from '../../core/closest.ts';
import { parseDuration } from '../../core/units.ts';

export const YEAR_MS: number = 365 * 86_400_000;
export const DAY_MS = 86_400_000;

export function whole(option: string, value: unknown, [least, most]: readonly [number, number]): number {
	if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
	throw new TypeError(`${option}: expected a whole number from ${least} to ${most}`);
}

export function duration(option: string, value: unknown, [least, most]: readonly [number, number]): number {
	const ms = typeof value === 'string' ? parseDuration(value) : undefined;
	if (ms !== undefined && ms >= least && ms <= most) return ms;
	throw new TypeError(`${option}: expected a duration like \`30s\`, to ${most / DAY_MS}d`);
}

export function refuseUnknown(options: object, known: readonly string[]): void {
	if (typeof options !== 'object' || options === null) throw new TypeError('expected an object of options');
	for (const key of Object.keys(options)) {
		if (known.includes(key)) continue;
		const meant = closest(key, known);
		const hint = meant === undefined ? '' : `; did you mean \`${meant}\`?`;
		throw new TypeError(`${key} is no option${hint} (options: ${known.join(', ')})`);
	}
}
