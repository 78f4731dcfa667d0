/** Why a provider holds a size, in half a sentence. */
import type { HeldBack } from './samples.ts';

/** `nothing goes out: exceeded quota`; where it holds both ways for the same reason, the reason alone. '': it does not. */
export function heldText(held: HeldBack, direction: keyof HeldBack): string {
	const why = held[direction];
	if (why === null) return '';
	return held.out === held.in ? why : `nothing goes ${direction}: ${why}`;
}
