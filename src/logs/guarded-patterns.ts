/** Replacing by patterns that a person wrote in text that strangers write: never for long. */
import { createContext, Script } from 'node:vm';

/** Most time for a batch, and for one text of a batch that took longer, ms. */
const BATCH_MS = 50;
const TEXT_MS = 5;
export const WITHHELD = '[withheld: redacting it took too long]';
export const REDACTED = '[redacted]';

/**
 * Patterns as `core/pattern.ts` takes them (which are none that can take exponential time). They run in
 * a realm of their own, which is the only way to end one that takes long. What could not be looked
 * through in time is withheld as a whole: a secret does not slip out because somebody made it slow.
 */
export class GuardedPatterns {
	readonly count: number;
	readonly #realm: ReturnType<typeof createContext>;
	readonly #script: Script;
	/** Texts that were withheld. */
	withheld = 0;

	constructor(sources: readonly string[]) {
		this.count = sources.length;
		this.#realm = createContext(
			Object.assign(Object.create(null), { sources: [...sources], texts: [], mark: REDACTED }),
			{
				name: 'redact',
			},
		);
		new Script("patterns = sources.map((source) => new RegExp(source, 'gu'))").runInContext(this.#realm);
		this.#script = new Script(
			'texts.map((text) => patterns.reduce((rest, pattern) => rest.replace(pattern, () => mark), text))',
		);
	}

	/** The texts, in order, with what fits replaced. */
	replace(texts: readonly string[]): string[] {
		if (this.count === 0 || texts.length === 0) return [...texts];
		return this.#run(texts, BATCH_MS) ?? texts.map((text) => this.#run([text], TEXT_MS)?.[0] ?? this.#withhold());
	}

	#withhold(): string {
		this.withheld++;
		return WITHHELD;
	}

	#run(texts: readonly string[], timeout: number): string[] | null {
		try {
			this.#realm['texts'] = texts;
			return Array.from(this.#script.runInContext(this.#realm, { timeout }) as string[], String);
		} catch {
			return null;
		} finally {
			this.#realm['texts'] = [];
		}
	}
}
