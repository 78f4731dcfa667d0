/** Points in time as traces write them. */

const DATE = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/;
const COMMON = /\[(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]/;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** Epoch ms of `2026-06-10T12:00:00.123Z` (UTC where no zone is said), or of seconds, ms, µs or ns since 1970, told by their size; NaN: neither. */
export function parseTime(text: string): number {
	if (/^\d+(\.\d+)?(e\+?\d+)?$/i.test(text)) return fromNumber(Number(text));
	const found = DATE.exec(text);
	if (found === null) return Number.NaN;
	const [, year, month, day, hour, minute, second = '0', fraction = '', zone] = found;
	if (Number(month) > 12 || Number(day) > 31 || Number(hour) > 24 || Number(minute) > 59) return Number.NaN;
	const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
	return ms + (fraction === '' ? 0 : Number(`0.${fraction}`) * 1000) - offsetMs(zone);
}

/** Epoch ms of `[10/Jun/2026:12:00:00 +0200]` somewhere in the line; NaN: it is not there. */
export function parseCommonTime(line: string): number {
	const found = COMMON.exec(line);
	if (found === null) return Number.NaN;
	const [, day, name = '', year, hour, minute, second, zone] = found;
	const month = MONTHS.indexOf(name);
	if (month < 0 || month % 3 !== 0) return Number.NaN;
	const date = [Number(year), month / 3, Number(day), Number(hour), Number(minute), Number(second)] as const;
	return Date.UTC(...date) - offsetMs(zone);
}

/** Small ones are seconds since the trace began. */
function fromNumber(value: number): number {
	if (value < 1e11) return value * 1000;
	if (value < 1e14) return value;
	return value < 1e17 ? value / 1000 : value / 1e6;
}

function offsetMs(zone: string | undefined): number {
	if (zone === undefined || zone === 'Z' || zone === 'UTC') return 0;
	const digits = zone.replace(':', '');
	const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3));
	return (digits.startsWith('-') ? -minutes : minutes) * 60_000;
}
