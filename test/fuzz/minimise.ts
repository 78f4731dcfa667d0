/**
 * A shorter text that still fails, found by leaving pieces out: halves first, then ever smaller ones, single bytes in
 * the end. At most `tries` texts are tried.
 */
export async function minimise(text: string, fails: (text: string) => Promise<boolean>, tries = 3000): Promise<string> {
	let best = text;
	let left = tries;
	for (let size = Math.ceil(best.length / 2); size >= 1; ) {
		let shorter = false;
		for (let at = 0; at < best.length && left > 0; ) {
			const candidate = best.slice(0, at) + best.slice(at + size);
			left--;
			if (await fails(candidate)) {
				best = candidate;
				shorter = true;
			} else at += size;
		}
		if (left === 0) break;
		if (!shorter || size > 1) {
			if (size === 1) break;
			size = Math.max(1, Math.floor(size / 2));
		}
	}
	return best;
}
