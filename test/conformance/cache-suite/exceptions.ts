/** Tests that are not passed, and why. */
export const EXCEPTIONS: Readonly<Record<'required' | 'optimal', Readonly<Record<string, string>>>> = {
	required: {},
	optimal: {
		'conditional-lm-fresh-no-lm':
			'it wants a 304 for a client whose copy is 50 minutes older than the stored answer. Without `Last-Modified` the `Date` counts (RFC 9111 §4.3.2), and it says that the copy is old: [http-tests/cache-tests#204](https://github.com/http-tests/cache-tests/issues/204) says the same of it.',
		'partial-store-partial-reuse-partial-suffix':
			'its origin promises six bytes (`4-9`) and sends five: there is no last byte that could be given.',
		'partial-store-partial-complete':
			'the stored part (`0-4/10`) has neither `ETag` nor `Last-Modified`, and the test wants the origin to be asked for `5-`, without anything that says of which version. Parts may only be joined where all of them have the same strong validator (RFC 9111 §3.4, RFC 9110 §15.3.7.3: MUST), so what came of that could never be given. What would pass is to ask for the rest all the same, to throw it away where an origin sends it (that of the test sends all), and then to ask for all: a request more for each such answer, to look better. With a strong validator parts are joined: see above.',
	},
};
