/** What a person writes of rate limits. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { closest } from '../core/closest.ts';
import { choice, integer, key, list, object, oneOf, required, text } from '../core/schema.ts';
import { MOST_COUNT, parseRate, RATE } from './rate.ts';

/** What of a request tells one client of a limit from another; header names are lower case. `everyone`: nothing does. */
export type LimitKeyInput = { from: 'address' | 'route' | 'everyone' } | { from: 'header'; name: string };

const KEY = 'address, route, everyone or header:NAME';
const PLAIN = ['address', 'route', 'everyone'] as const;

/** `header:X-Api-Key` → { from: 'header', name: 'x-api-key' }; undefined when it is no key. */
export function parseLimitKey(value: string): LimitKeyInput | undefined {
	const plain = PLAIN.find((word) => word === value);
	if (plain !== undefined) return { from: plain };
	const name = /^header:([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})$/.exec(value)?.[1];
	return name === undefined ? undefined : { from: 'header', name: name.toLowerCase() };
}

function complainOfKey(value: string): string | undefined {
	const found = parseLimitKey(value);
	if (found === undefined) {
		const [word = '', name] = value.split(':', 2);
		const near = /^(?:ip|client|remote_addr|binary_remote_addr)$/i.test(word)
			? 'address'
			: closest(word, [...PLAIN, 'header']);
		if (near === undefined || (near === word && near !== 'header')) return `expected ${KEY}`;
		return `expected ${KEY}; did you mean \`${near === 'header' ? `header:${name || 'NAME'}` : near}\`?`;
	}
	// The client writes the beginning of these, whoever is trusted to write their end.
	if (found.from === 'header' && (found.name === 'x-forwarded-for' || found.name === 'forwarded'))
		return `expected ${KEY}; \`address\` is the client behind the proxies in \`trust\``;
	return undefined;
}

const rateText = text(RATE, (value) => complaint(parseRate(value)), 'rate');
const complaint = (parsed: unknown): string | undefined => (typeof parsed === 'string' ? parsed : undefined);

const keyText = text(KEY, complainOfKey, 'key');
const nameText = text('a name such as per-client', (value) =>
	/^[A-Za-z0-9!#$%&'*+\-./:^_|~]{1,100}$/.test(value)
		? undefined
		: 'expected a name such as per-client: at most 100 letters, digits and `-_./+:`, without blanks',
);

const long = object({
	name: key(nameText, 'Its name in `RateLimit` fields, in the log and in `ballast status`.', {
		defaultText: 'what it counts by and its rate: `address-100/s`',
		example: 'per-client',
	}),
	rate: required(rateText, 'Requests in a time, 1ms to 1d: evenly spread, not counted from the full minute.', {
		example: '100/s',
	}),
	burst: key(integer(1, MOST_COUNT), 'Requests that may come at once after a rest.', {
		defaultText: 'the number in `rate`',
		example: 200,
	}),
	key: key(
		oneOf([keyText, list(keyText, 'keys')], `${KEY}, or a list of them`),
		'What it counts by; a list is a mix.',
		{
			default: 'address',
			example: ['header:x-api-key', 'route'],
		},
	),
	from: key(
		choice('trusted', 'anyone'),
		'Whose header fields are believed: those of proxies in `trust`, or of anyone, who can then choose another key for each request. Others count by address.',
		{ default: 'trusted', example: 'anyone' },
	),
	full: key(choice('admit', 'refuse'), 'What happens to a client for whom there is no room in the table.', {
		default: 'admit',
		example: 'refuse',
	}),
	entries: key(integer(64, 16_777_216), 'Clients that can be told apart at one time; 8 bytes each.', {
		default: 65_536,
		example: 1_048_576,
	}),
});

const off = z.literal(['off', false], { error: 'expected off' });
const EXPECTED = `${RATE}, an object with rate, burst, key and more`;
/** A rate, or a word that can stand in its place. */
const rateOr = (word: string) =>
	text(
		`${RATE}, or ${word}`,
		(value) => {
			if (value === word) return undefined;
			const near = closest(value, [word]);
			return near === undefined ? complaint(parseRate(value)) : `expected ${RATE}, or ${word}; write \`${word}\``;
		},
		'rate',
	);

export const rateLimitSchema = oneOf(
	[rateOr('off'), long, list(oneOf([rateOr('inherit'), long], EXPECTED), 'limits'), off],
	`${EXPECTED}, a list of them, or off`,
);

export type RateLimitInput = z.input<typeof rateLimitSchema>;
