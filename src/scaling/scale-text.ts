/** The short texts within a `scale`: changes, rates, thresholds. */
import { parseDuration } from '../core/units.ts';

const DAY_MS = 86_400_000;

export function complainOfUrl(value: string): string | undefined {
	const expected = 'expected a URL such as http://127.0.0.1:9090';
	if (!URL.canParse(value)) return expected;
	const { protocol, username, password, search, hash } = new URL(value);
	if (protocol !== 'http:' && protocol !== 'https:') return expected;
	if (search !== '' || hash !== '') return `${expected}, without \`?\` and \`#\``;
	return username === '' && password === ''
		? undefined
		: `${expected}, without user and password; set \`headers: { authorization: … }\` by reference`;
}

/** `+1`, `-2`, `+50%`, `-25%`, `=8`. */
export function parseChange(value: string): { by: number } | { share: number } | { to: number } | undefined {
	const found = /^([+=-])\s*(\d{1,5})(\s*%)?$/.exec(value.trim());
	if (found === null) return undefined;
	const amount = Number(found[2]);
	if (found[1] === '=') return found[3] === undefined ? { to: amount } : undefined;
	const signed = found[1] === '-' ? -amount : amount;
	if (amount === 0) return undefined;
	return found[3] === undefined ? { by: signed } : { share: signed / 100 };
}

export function complainOfChange(value: string): string | undefined {
	return parseChange(value) === undefined ? 'expected a change such as +1, -50% or =8' : undefined;
}

/** `4 per 15s`, `100% per 1m`: amount and ms. */
export function parseRate(value: string): { amount: number; isShare: boolean; period: string } | undefined {
	const found = /^(\d{1,5})(\s*%)?\s+per\s+(\S+)$/.exec(value.trim());
	return found === null
		? undefined
		: { amount: Number(found[1]), isShare: found[2] !== undefined, period: found[3] as string };
}

export function complainOfRate(value: string): string | undefined {
	const found = parseRate(value);
	const expected = 'expected a rate such as `4 per 15s` or `100% per 1m`';
	if (found === undefined || found.amount === 0) return expected;
	return isWithin(found.period, 3_600_000) ? undefined : `${expected}, the time from 1s to 1h`;
}

export function complainOfFlaps(value: string): string | undefined {
	const found = parseRate(value);
	return found === undefined || found.isShare || found.amount === 0 || !isWithin(found.period, DAY_MS)
		? 'expected so many in a time, such as `3 per 10m`'
		: undefined;
}

/** `200%` → 2; undefined when it is none, or not above 100 %. */
export function parseThreshold(value: string): number | undefined {
	const found = /^(\d{3,5})\s*%$/.exec(value.trim());
	return found !== null && Number(found[1]) > 100 ? Number(found[1]) / 100 : undefined;
}

export function complainOfThreshold(value: string): string | undefined {
	return parseThreshold(value) === undefined ? 'expected a share above 100%, such as 200%' : undefined;
}

function isWithin(period: string, mostMs: number): boolean {
	const ms = parseDuration(period) ?? 0;
	return ms >= 1000 && ms <= mostMs;
}
