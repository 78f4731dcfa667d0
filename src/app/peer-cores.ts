/**
 * Two cores overlap during `ballast upgrade`: the old one finishes what it accepted while the new
 * one leads. What they must know of each other: which instances leave (so that neither picks them
 * any more), and what each still has in flight there (so that none is ended too early).
 */

/** A peer that does not answer for so long is not waited for. */
const SILENT_MS = 2000;
/** A worker may have picked an instance just before its state changed: its request is counted by then. */
const SETTLE_MS = 10;

interface Peer {
	/** Requests in flight, by instance life. */
	inFlight: Record<string, number>;
	/** Lives that it knows to leave. */
	seen: Set<string>;
	heardAt: number;
}

type Message =
	| { inFlight: Record<string, number>; seen: string[] }
	| { leaving: string }
	| { counts: unknown }
	| { cache: true };

export class PeerCores {
	readonly #say: (message: Message) => void;
	readonly #inFlight: () => Record<string, number>;
	readonly #peers = new Map<number, Peer>();
	/** Lives that leave, as this core or a peer decided. */
	readonly #leaving = new Set<string>();
	/** A peer says that this life leaves. */
	onLeaving: (life: string) => void = () => {};
	/** A peer hands on what it counted. */
	onCounts: (counts: unknown) => void = () => {};
	/** A peer has written down what its cache holds. */
	onCache: () => void = () => {};

	/** `inFlight`: this core's own, by life. */
	constructor(say: (message: Message) => void, inFlight: () => Record<string, number>) {
		this.#say = say;
		this.#inFlight = inFlight;
	}

	/** To be sent now and then. */
	report(): void {
		this.#say({ inFlight: this.#inFlight(), seen: [...this.#leaving] });
	}

	/** Hands on what this core counted. */
	handOn(counts: unknown): void {
		this.#say({ counts });
	}

	/** What this core's cache held is written down. */
	handCache(): void {
		this.#say({ cache: true });
	}

	receive(from: number, message: unknown): void {
		const said = message as Partial<{
			inFlight: Record<string, number>;
			seen: string[];
			leaving: string;
			counts: unknown;
			cache: true;
		}>;
		if (said.counts !== undefined) this.onCounts(said.counts);
		else if (said.cache === true) this.onCache();
		else if (typeof said.leaving === 'string') {
			this.#leaving.add(said.leaving);
			this.onLeaving(said.leaving);
			setTimeout(() => this.report(), SETTLE_MS);
		} else if (said.inFlight !== undefined) {
			this.#peers.set(from, { inFlight: said.inFlight, seen: new Set(said.seen), heardAt: Date.now() });
		}
	}

	gone(generation: number): void {
		this.#peers.delete(generation);
	}

	leaves(life: string): boolean {
		return this.#leaving.has(life);
	}

	/** This core takes it out of rotation. */
	leave(life: string): void {
		if (this.#leaving.has(life)) return;
		this.#leaving.add(life);
		this.#say({ leaving: life });
	}

	forget(life: string): void {
		this.#leaving.delete(life);
	}

	/** What the peers have in flight there; at least 1 for a peer that may still pick it. */
	inFlight(life: string): number {
		let sum = 0;
		for (const peer of this.#peers.values()) {
			if (Date.now() - peer.heardAt > SILENT_MS) continue;
			const known = peer.inFlight[life];
			if (known === undefined) continue;
			sum += this.#leaving.has(life) && !peer.seen.has(life) ? Math.max(1, known) : known;
		}
		return sum;
	}
}
