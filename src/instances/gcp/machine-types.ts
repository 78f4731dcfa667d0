/** What VMs of a machine type have: asked for once for each type. */
import { numberAt } from '../platform/json-reading.ts';
import type { MemberSize } from '../platform/platform.ts';
import { asPlatformError } from '../platform/platform-call.ts';

const MIB = 1024 * 1024;
/** After Google Cloud did not say, ms. */
const AGAIN_MS = 600_000;

export class MachineTypes {
	readonly #ask: (link: string, signal: AbortSignal) => Promise<unknown>;
	readonly #known = new Map<string, MemberSize>();
	#notBefore = 0;

	/** @param ask for a machine type by its link */
	constructor(ask: (link: string, signal: AbortSignal) => Promise<unknown>) {
		this.#ask = ask;
	}

	/** null: it is not known, or may not be asked for. */
	of(link: string): MemberSize | null {
		return this.#known.get(link) ?? null;
	}

	/** Learns of those it does not know. Sizes are only for advice: without them usage is told all the same. */
	async look(links: readonly string[], signal: AbortSignal): Promise<void> {
		const asked = [...new Set(links)].filter((link) => link !== '' && !this.#known.has(link));
		if (asked.length === 0 || Date.now() < this.#notBefore) return;
		try {
			for (const link of asked) this.#known.set(link, sizeOf(await this.#ask(link, signal)));
		} catch (error) {
			if (!asPlatformError(error).mayPass) this.#notBefore = Date.now() + AGAIN_MS;
		}
	}
}

/** What Google Cloud says of a machine type. */
export function sizeOf(type: unknown): MemberSize {
	const [cpu, mib] = [numberAt(type, 'guestCpus') ?? 0, numberAt(type, 'memoryMb') ?? 0];
	return { cpu: cpu > 0 ? cpu : null, memoryBytes: mib > 0 ? mib * MIB : null };
}
