import { isIP } from 'node:net';

/** Largest file of ranges: that of all of AWS has 2 MB. */
export const MOST_RANGES_BYTES: number = 8 * 1024 * 1024;
/** Most ranges of one file; the CDNs have some dozens. */
const MOST_RANGES = 5000;
/** A range that is wider than any CDN's is a mistake that would have half the world believed. */
const WIDEST = { 4: 8, 6: 19 } as const;

/**
 * The ranges that a CDN publishes, as CIDRs: one a line (`#` begins a comment), or the JSON of Cloudflare
 * (`/client/v4/ips`), Fastly (`/public-ip-list`) or AWS (`ip-ranges.json`, of which only CloudFront's count: the rest
 * are its customers'), or a JSON list. A text: why the file cannot be used, to stand behind "expected a file of ranges; ".
 */
export function parseRanges(text: string): string[] | string {
	const found = /^\s*[{[]/.test(text) ? fromJson(text) : fromLines(text);
	if (typeof found === 'string') return found;
	if (found.length === 0) return 'there is none in it';
	if (found.length > MOST_RANGES) return `it has ${found.length}, and ${MOST_RANGES} are the most`;
	for (const [at, range] of found.entries()) {
		const fault = faultOf(range);
		if (fault !== null) return `number ${at + 1} ${fault}`;
	}
	return [...new Set(found.map(whole))];
}

function fromLines(text: string): string[] {
	const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, '').trim());
	return lines.filter((line) => line !== '');
}

/** Where the lists of known publishers stand. */
function fromJson(text: string): string[] | string {
	let json: unknown;
	try {
		// Some editors write a byte order mark.
		json = JSON.parse(text.trim());
	} catch {
		return 'it begins as JSON and is none';
	}
	if (Array.isArray(json)) return strings(json);
	const all = json as Record<string, unknown>;
	if (Array.isArray(all['prefixes'])) return fromAws(all);
	const result = (all['result'] ?? {}) as Record<string, unknown>;
	const lists = [result['ipv4_cidrs'], result['ipv6_cidrs'], all['addresses'], all['ipv6_addresses']];
	const known = lists.filter((list) => Array.isArray(list));
	return known.length === 0 ? 'its JSON is not that of Cloudflare, Fastly or AWS' : known.flatMap(strings);
}

const CLOUDFRONT = ['CLOUDFRONT_ORIGIN_FACING', 'CLOUDFRONT'];

/** The machines that ask origins, where the file tells them apart from those that clients meet. */
function fromAws(all: Record<string, unknown>): string[] | string {
	const rows = [all['prefixes'], all['ipv6_prefixes']].flatMap((list) => (Array.isArray(list) ? list : [])) as Record<
		string,
		unknown
	>[];
	for (const service of CLOUDFRONT) {
		const ours = rows.filter((row) => row?.['service'] === service);
		if (ours.length > 0) return strings(ours.map((row) => row['ip_prefix'] ?? row['ipv6_prefix']));
	}
	return 'it has none of CloudFront';
}

const strings = (list: readonly unknown[]): string[] => list.map((one) => (typeof one === 'string' ? one.trim() : ''));

function faultOf(range: string): string | null {
	const [address = '', bits, more] = range.split('/');
	const family = isIP(address);
	if (family === 0 || more !== undefined || address.includes('%')) return 'is no range of addresses';
	if (bits === undefined) return null;
	const widest = WIDEST[family as 4 | 6];
	if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return 'is no range of addresses';
	return Number(bits) < widest ? `is wider than /${widest}` : null;
}

/** An address alone is a range of one. */
function whole(range: string): string {
	const [address = '', bits] = range.toLowerCase().split('/');
	return `${address}/${bits === undefined ? (isIP(address) === 4 ? 32 : 128) : Number(bits)}`;
}
