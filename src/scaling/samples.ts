/** What a decision is made from; JSON, so that it can be kept and decided anew. */

/**
 * A signal's values over a window. Of `each` only what HPA's rules need of the instances: the sum over those
 * that count, how many they are, how many have no value, and how many are too young or not ready to say anything.
 */
export type SignalValue = EachValue | { value: number };

export interface EachValue {
	sum: number;
	counted: number;
	missing: number;
	ignored: number;
}

export interface SignalReading {
	/** Over the policy's `windowMs`; null: not known. */
	stable: SignalValue | null;
	/** Over the panic window; null: not known, or off. */
	panic: SignalValue | null;
}

export interface ScalingSamples {
	/** The size that is set now. */
	desired: number;
	/** Instances that can take requests. */
	ready: number;
	/** Ready, but not as long as they need to warm up; among `ready`. */
	warming: number;
	/** On their way to ready. */
	starting: number;
	/** By the name of the signal or step; one that is left out could not be read. */
	readings: Readonly<Record<string, SignalReading>>;
	/** Why one could not be read, by its name; half a sentence. */
	failures: Readonly<Record<string, string>>;
	/** Requests that wait for an instance now. */
	held: number;
	/** Time since the last request, ms; null: not known. */
	idleForMs: number | null;
	/** Share of failed requests over the window, 0…1; null: there were too few. */
	errorRate: number | null;
	/** A new version is being rolled out. */
	rollout: boolean;
	/** The provider took longer, or refused. */
	providerTrouble: HeldBack;
}

/**
 * Why nothing goes out, and why nothing goes in; half a sentence; null: it may. What cannot be made holds nothing that
 * goes in, and what cannot be removed nothing that goes out; the same in both: what there is is not known for sure.
 */
export interface HeldBack {
	out: string | null;
	in: string | null;
}
