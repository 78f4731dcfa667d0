import type { Where } from '../core/metric.ts';

/** Whether a text fits a pattern in which `*` stands for any characters. Takes at most length × length steps. */
export function fitsGlob(pattern: string, text: string): boolean {
	let [at, in_] = [0, 0];
	let star = -1;
	let back = 0;
	while (in_ < text.length) {
		if (pattern[at] === '*') {
			star = at++;
			back = in_;
		} else if (at < pattern.length && pattern[at] === text[in_]) {
			at++;
			in_++;
		} else if (star >= 0) {
			at = star + 1;
			in_ = ++back;
		} else return false;
	}
	while (pattern[at] === '*') at++;
	return at === pattern.length;
}

/** Whether a series is within what is asked for. */
export function fits(where: Where, labels: readonly string[], values: readonly string[]): boolean {
	for (const label in where) {
		const at = labels.indexOf(label);
		if (at < 0 || !fitsGlob(where[label] as string, values[at] ?? '')) return false;
	}
	return true;
}
