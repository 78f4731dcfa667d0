/**
 * Where Ballast and Node's own parser judge otherwise, and why. docs/strictness.md shows these lists; the fuzz
 * accepts no difference that none of them explains.
 */
import { valuesOf } from './compare.ts';
import type { Message } from './reading.ts';

/** A message that only one of the two took, or that they read otherwise. */
export interface Case {
	side: 'request' | 'response';
	/** The bytes from its first one on, those of later messages included. */
	text: string;
	/** All of the input. */
	all: string;
	/** As the one that took it read it. */
	message: Message;
	/** What the other one says of it. */
	what: string;
}

export interface Judgement {
	/** In the words of the page. */
	what: string;
	/** A message that it applies to, one byte a character. */
	example: string;
	/** Where the standards speak of it. */
	section: string;
	/** What changes it; empty: nothing does. */
	change: string;
	side: Case['side'] | 'both';
	/** In whose words the other one refused it, or what was read otherwise. */
	why: RegExp;
	applies(found: Case): boolean;
}

export const HEAD = 'Host: a\r\n\r\n';
export const OK = 'HTTP/1.1 200 OK\r\n';
/** Its body in chunks follows. */
export const POST = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

export const values = ({ message }: Case, name: string): string[] => valuesOf(message, name);
/** Up to its end, the empty lines before it included. */
export const headOf = ({ text }: Case): string => /^(?:\r\n)*.*?\r\n\r\n/s.exec(text)?.[0] ?? text;
/** Size lines of a chunked body, as far as they can be found without reading it. */
export const sizeLines = (found: Case): string[] => found.text.slice(headOf(found).length).split(/\r\n/);

/** Entry of a list that explains the case; undefined: none does. */
export const explain = (list: readonly Judgement[], found: Case): Judgement | undefined =>
	list.find(
		(judgement) =>
			(judgement.side === 'both' || judgement.side === found.side) &&
			judgement.why.test(found.what) &&
			judgement.applies(found),
	);
