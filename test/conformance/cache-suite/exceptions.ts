const CLOSED =
	'it is judged by a field that only its own origin sends: the 502 that an origin is answered for that closes the connection, as it should be, counts as one from the cache. No published result passes it.';

/** Tests that are not passed, and why. */
export const EXCEPTIONS: Readonly<Record<'required' | 'optimal', Readonly<Record<string, string>>>> = {
	required: {
		'stale-close-must-revalidate': CLOSED,
		'stale-close-proxy-revalidate': CLOSED,
		'stale-close-no-cache': CLOSED,
		'stale-close-s-maxage=2': CLOSED,
	},
	optimal: {
		'conditional-lm-fresh-no-lm':
			'it wants a 304 for a client whose copy is 50 minutes older than the stored answer. Without `Last-Modified` the `Date` counts (RFC 9111 §4.3.2), and it says that the copy is old.',
		'partial-store-partial-reuse-partial-suffix':
			'its origin promises six bytes (`4-9`) and sends five: there is no last byte that could be given.',
		'partial-store-partial-complete':
			'its origin sends a part without a validator, and wants to be asked for the rest: parts may only be joined where they share a strong one (RFC 9111 §3.4), so what came could not be used.',
	},
};
