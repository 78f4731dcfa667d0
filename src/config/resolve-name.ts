const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;

/** What is wrong with the name of a service or a pool; undefined: nothing. */
export function complainOfName(name: string): string | undefined {
	return NAME.test(name)
		? undefined
		: 'expected a name of at most 63 letters, digits, `-` and `_`, with a letter or digit at both ends';
}
