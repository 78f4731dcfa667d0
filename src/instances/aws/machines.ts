/** What instances of a type have: asked of AWS once for each type. */
import type { MemberSize } from '../platform/platform.ts';
import { asPlatformError } from '../platform/platform-call.ts';
import type { CallAws } from './actions.ts';
import { typesOf } from './sizes.ts';

/** After AWS did not say, ms. */
const AGAIN_MS = 600_000;

export class Machines {
	readonly #call: CallAws;
	readonly #known = new Map<string, MemberSize>();
	#notBefore = 0;

	constructor(call: CallAws) {
		this.#call = call;
	}

	/** null: it is not known, or may not be asked for. */
	of(type: string | undefined): MemberSize | null {
		return this.#known.get(type ?? '') ?? null;
	}

	/** Learns of those it does not know. Sizes are only for advice: without them usage is told all the same. */
	async look(types: readonly (string | undefined)[], signal: AbortSignal): Promise<void> {
		const asked = [...new Set(types)].filter((type) => type !== undefined && !this.#known.has(type)) as string[];
		if (asked.length === 0 || Date.now() < this.#notBefore) return;
		try {
			for (const { type, cpu, memoryBytes } of await typesOf(this.#call, asked, signal))
				this.#known.set(type, { cpu: cpu > 0 ? cpu : null, memoryBytes: memoryBytes > 0 ? memoryBytes : null });
		} catch (error) {
			if (!asPlatformError(error).mayPass) this.#notBefore = Date.now() + AGAIN_MS;
		}
	}
}
