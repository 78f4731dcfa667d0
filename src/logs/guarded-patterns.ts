/** Replacing by patterns that a person wrote in text that strangers write: never for long. */
import { createContext, Script } from 'node:vm';

/** Most time, ms: for a batch; for a part of one that took longer; for one text of such a part, tried twice; for all of it. */
const BATCH_MS = 100;
const PART_MS = 50;
const TEXT_MS = 20;
const ALL_MS = 1000;
const PART = 64;
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
		return this.#run(texts, BATCH_MS) ?? this.#inParts(texts);
	}

	/** One text that takes long does not take the others with it, as long as there is time. */
	#inParts(texts: readonly string[]): string[] {
		const deadline = performance.now() + ALL_MS;
		const inTime = (part: readonly string[], ms: number) => (performance.now() < deadline ? this.#run(part, ms) : null);
		const clean: string[] = [];
		for (let at = 0; at < texts.length; at += PART) {
			const part = texts.slice(at, at + PART);
			const whole = inTime(part, PART_MS);
			if (whole !== null) clean.push(...whole);
			// The clock runs on while other programs have the processor: hence the second try.
			else
				for (const text of part)
					clean.push((inTime([text], TEXT_MS) ?? inTime([text], TEXT_MS * 2))?.[0] ?? this.#withhold());
		}
		return clean;
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
