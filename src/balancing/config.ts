/** How the instance of a request is chosen. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { closest } from '../core/closest.ts';
import { choice, duration, key, object, oneOf, text } from '../core/schema.ts';

export type BalanceBy =
	| 'round-robin'
	| 'weighted-round-robin'
	| 'least-connections'
	| 'random-two'
	| 'peak-ewma'
	| 'ip-hash'
	| 'consistent-hash'
	| 'cookie';

/** What of a request is hashed. Header names are lower case. */
export type HashKey = { from: 'header' | 'cookie' | 'query'; name: string } | { from: 'address' };

/** Balancing of one service, resolved. */
export interface BalanceConfig {
	by: BalanceBy;
	/** Set for `consistent-hash`, null for all others. */
	key: HashKey | null;
	/** Bounded load for `consistent-hash`: most of the mean load an instance takes (≥ 1); 0 = unbounded. */
	loadFactor: number;
	/** Set for `cookie`, null for all others. `ttlMs` null: a session cookie. */
	cookie: { name: string; ttlMs: number | null } | null;
}

const ALGORITHMS = [
	'round-robin',
	'weighted-round-robin',
	'least-connections',
	'random-two',
	'peak-ewma',
	'ip-hash',
	'consistent-hash',
	'cookie',
] as const satisfies readonly BalanceBy[];

const HASH_KEY = 'header:NAME, cookie:NAME, query:NAME or address';

const cookieName = text('the name of a cookie', (value) =>
	/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/.test(value)
		? undefined
		: 'expected the name of a cookie: letters, digits and -_.',
);

const loadFactor = z
	.number({ error: 'expected 0 (unbounded) or a number from 1 to 100' })
	.refine((value) => value === 0 || (value >= 1 && value <= 100), {
		error: 'expected 0 (unbounded) or a number from 1 to 100',
	});

export const balanceLong = object({
	by: key(choice(...ALGORITHMS), 'The algorithm.', {
		default: 'least-connections',
		example: 'consistent-hash',
	}),
	key: key(text(HASH_KEY, complainOfKey), `What \`consistent-hash\` hashes: ${HASH_KEY}.`, {
		defaultText: 'none; `consistent-hash` needs it',
		example: 'header:x-tenant',
	}),
	loadFactor: key(
		loadFactor,
		'Bounded load for `consistent-hash`: an instance takes at most this many times the mean load; 0 is unbounded.',
		{
			default: 1.25,
			example: 1.5,
		},
	),
	cookie: key(
		oneOf(
			[
				cookieName,
				object({
					name: key(cookieName, 'Name of the cookie.', {
						default: 'ballast',
						example: 'node',
					}),
					ttl: key(duration(1000, 31_536_000_000), 'How long the browser keeps it.', {
						defaultText: 'until the browser closes',
						example: '1h',
					}),
				}),
			],
			'the name of a cookie or an object with name, ttl',
		),
		'The cookie that `cookie` keeps a client at its instance with.',
		{ default: 'ballast', example: { name: 'node', ttl: '1h' } },
	),
});

export const balanceSchema = oneOf(
	[choice(...ALGORITHMS), balanceLong],
	'an algorithm or an object with by, key, loadFactor, cookie',
);

export type BalanceInput = z.input<typeof balanceSchema>;

/** `header:X-Tenant` → { from: 'header', name: 'x-tenant' }; undefined when it is no key. */
export function parseHashKey(text: string): HashKey | undefined {
	if (text === 'address') return { from: 'address' };
	const found = /^(header|cookie|query):([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128})$/.exec(text);
	if (found === null) return undefined;
	const from = found[1] as 'header' | 'cookie' | 'query';
	const name = found[2] as string;
	return { from, name: from === 'header' ? name.toLowerCase() : name };
}

function complainOfKey(value: string): string | undefined {
	if (parseHashKey(value) !== undefined) return undefined;
	const [from = '', name] = value.split(':', 2);
	const near = closest(from, ['header', 'cookie', 'query', 'address']);
	if (near === undefined || near === value) return `expected ${HASH_KEY}`;
	return `expected ${HASH_KEY}; did you mean \`${near === 'address' ? near : `${near}:${name || 'NAME'}`}\`?`;
}
