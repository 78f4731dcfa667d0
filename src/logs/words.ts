import { MARK } from './index-marks.ts';

/**
 * What of a message can be found by words. Identifiers and paths stay out of the text index: each of
 * them is new, so an index of them grows as fast as the logs. They are found by a look at the messages.
 */

/** UUIDs, addresses of pages, paths, long numbers, hexadecimal, and long tokens with a digit. */
const IDS =
	/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\bhttps?:\/\/[^\s"'<>]+|(?<![^\s"'(=[,])\/[^\s"'<>)\],]+|\b\d{5,}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b|\b(?=[a-z_]*\d)\w{16,}\b/gi;
const MAYBE_ID = /\d{4}|\d\w{5}|\//;

/** The text as it goes into the index; no mark can be in it. */
export function indexText(message: string): string {
	const text = message.includes(MARK) ? message.replaceAll(MARK, ' ') : message;
	return MAYBE_ID.test(text) ? text.replace(IDS, ' ') : text;
}

const WORD = /[\p{L}\p{N}\p{Co}]+/gu;
const MARKS = /\p{M}/gu;
const ASCII = /^[\0-\x7f]*$/;

/** Words as the index has them: letters and digits, without case and accents. */
export function wordsOf(text: string): string[] {
	const plain = ASCII.test(text) ? text : text.normalize('NFD').replace(MARKS, '');
	return plain.toLowerCase().match(WORD) ?? [];
}

/** Whether the index knows all of a text that is looked for, so that it can be left to it. */
export function isIndexed(text: string): boolean {
	return indexText(text) === text;
}

/** Whether `words` stand in `all`, one after the other; `prefix`: the last may go on. */
export function hasPhrase(all: readonly string[], words: readonly string[], prefix: boolean): boolean {
	const last = words.length - 1;
	for (let at = 0; at + last < all.length; at++) {
		let same = 0;
		while (same < last && all[at + same] === words[same]) same++;
		if (same < last) continue;
		const word = all[at + last] as string;
		if (prefix ? word.startsWith(words[last] as string) : word === words[last]) return true;
	}
	return false;
}
