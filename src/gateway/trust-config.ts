/** Who is believed about clients. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import { key, list, notEmpty, object, oneOf, text } from '../core/schema.ts';
import { complainOfFieldName, parseTrust } from './config-syntax.ts';

/** Proxies that are believed, with what is to know of them beyond their addresses. */
export interface TrustedRanges {
	/** CIDRs, those of `file` included. */
	ranges: string[];
	/** Absolute path of the file that they were read from; null: they stand in the configuration. */
	file: string | null;
	/** Field with the client's address that these alone are believed about, lower case; null: X-Forwarded-For. */
	header: string | null;
}

/** A CIDR, or more. */
export type TrustEntry = string | TrustedRanges;

const trustText = text('an address range such as 10.0.0.0/8', (value) => {
	const found = parseTrust(value);
	return typeof found === 'string' ? found : undefined;
});

const TRUST_NAMES = 'an address range such as 10.0.0.0/8, private, or an object with ranges, file, header';
const trustLong = object({
	ranges: key(oneOf([trustText, list(trustText, 'address ranges')], 'an address range or a list of them'), 'Ranges.', {
		defaultText: 'those of `file`',
		example: ['192.0.2.0/24'],
	}),
	file: key(
		text('a path of a file of address ranges', notEmpty('a path of a file of address ranges'), 'path'),
		'File of ranges that a CDN publishes: one a line, or the JSON of Cloudflare, Fastly or AWS (of which only CloudFront counts). A change is taken up within a second; a bad file changes nothing, and is said.',
		{ defaultText: 'none', example: './cloudflare-ips.txt' },
	),
	header: key(
		text('the name of a header field', complainOfFieldName, 'field name'),
		"Field with the client's address, such as `CF-Connecting-IP`, `True-Client-IP` or `Fastly-Client-IP`: believed of these ranges alone, and of others not passed on.",
		{ defaultText: '`X-Forwarded-For`', example: 'CF-Connecting-IP' },
	),
});
const oneTrust = [trustText, trustLong] as const;

export const trustSchema = oneOf(
	[...oneTrust, list(oneOf(oneTrust, TRUST_NAMES), 'address ranges', 0)],
	`${TRUST_NAMES}, or a list of them`,
);

export type TrustInput = z.input<typeof trustSchema>;
