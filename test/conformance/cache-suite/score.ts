/** A test of the suite, as far as it is counted. */
export interface SuiteTest {
	readonly id: string;
	readonly name: string;
	/** `required` where it is left out. */
	readonly kind?: 'required' | 'optimal' | 'check';
	readonly depends_on?: readonly string[];
	/** For the caches of browsers. */
	readonly browser_only?: boolean;
	readonly requests?: readonly Readonly<Record<string, unknown>>[];
}

/** By test: true, or what was wrong. */
export type Results = Readonly<Record<string, true | readonly [kind: string, what: string]>>;

export interface Score {
	readonly passed: number;
	readonly of: number;
	/** Test, and what was wrong. */
	readonly failed: ReadonlyMap<string, string>;
}

/** A test counts as passed only where those pass that it depends on: without them it shows nothing. */
export function scoreOf(tests: readonly SuiteTest[], results: Results, kind: 'required' | 'optimal'): Score {
	const byId = new Map(tests.map((test) => [test.id, test]));
	const passes = (id: string): boolean =>
		results[id] === true && (byId.get(id)?.depends_on ?? []).every((other) => passes(other));
	const counted = tests.filter((test) => (test.kind ?? 'required') === kind && test.browser_only !== true);
	const failed = counted
		.filter(({ id }) => !passes(id))
		.map(({ id }) => {
			const result = results[id];
			return [id, result === true ? 'what it depends on fails' : (result?.join(': ') ?? 'it did not run')] as const;
		});
	return { passed: counted.length - failed.length, of: counted.length, failed: new Map(failed) };
}
