/** The kinds of knobs: what values they take, from JSON, a flag or the environment. */

export interface Knob<T> {
	default: T;
	about: string;
	/** What it takes, in words. */
	accepts: string;
	/** undefined: refused. */
	read(value: unknown): T | undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration: milliseconds as a number, or `30s`, `5m`, `24h`, `7d`. */
export function duration(text: string, about: string): Knob<number> {
	return { default: readDuration(text) as number, about, accepts: 'a duration such as 30s', read: readDuration };
}

/** A share of all cases, 0 to 1. */
export function share(about: string, whole = 0): Knob<number> {
	return { default: whole, about, accepts: '0 to 1', read: (value) => within(value, { least: 0, most: 1 }) };
}

/** A whole number from `least` on. */
export function count(whole: number, about: string, least = 0): Knob<number> {
	const read = (value: unknown): number | undefined => {
		const number = within(value, { least, most: 1_000_000 });
		return number !== undefined && Number.isInteger(number) ? number : undefined;
	};
	return { default: whole, about, accepts: `a whole number from ${least} on`, read };
}

export function amount(whole: number, about: string): Knob<number> {
	return {
		default: whole,
		about,
		accepts: 'a number from 0 on',
		read: (value) => within(value, { least: 0, most: 1e9 }),
	};
}

export function flag(whole: boolean, about: string): Knob<boolean> {
	const read = (value: unknown): boolean | undefined => {
		if (typeof value === 'boolean') return value;
		return value === 'true' || value === '' ? true : value === 'false' ? false : undefined;
	};
	return { default: whole, about, accepts: 'true or false', read };
}

export function oneOf<const T extends string>(values: readonly T[], about: string): Knob<T> {
	return {
		default: values[0] as T,
		about,
		accepts: values.join(', '),
		read: (value) => values.find((each) => each === value),
	};
}

export function text(whole: string, about: string): Knob<string> {
	const read = (value: unknown): string | undefined =>
		typeof value === 'string' && value.length > 0 && value.length <= 200 ? value : undefined;
	return { default: whole, about, accepts: 'a text of 1 to 200 characters', read };
}

/** undefined: not a duration. */
export function readDuration(value: unknown): number | undefined {
	if (typeof value === 'number') return within(value, { least: 0, most: 1e13 });
	const [, number, unit = 'ms'] = (typeof value === 'string' && /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value)) || [];
	return number === undefined ? undefined : Number(number) * (UNITS[unit] as number);
}

function within(value: unknown, { least, most }: { least: number; most: number }): number | undefined {
	const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	return typeof number === 'number' && number >= least && number <= most ? number : undefined;
}
