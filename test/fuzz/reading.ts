/** What a parser made of the bytes of a connection. All text holds one byte a character. */

export type Pairs = [name: string, value: string][];

/** A message as it was read. */
export interface Message {
	/** Requests: the method. Responses: the status. */
	first: string;
	/** Requests: the target. Responses: the reason. */
	second: string;
	/** `1.1` */
	version: string;
	/** In the order of their arrival, lines of the same name apart. */
	fields: Pairs;
	body: string;
	trailers: Pairs;
	/** It was read to its end. */
	whole: boolean;
	/** Another one may follow on this connection. */
	keeps: boolean;
	/** The bytes that an instance would get. Only of our own parser, for whole requests. */
	passedOn?: string;
}

export interface Reading {
	messages: Message[];
	/**
	 * How it ended: everything was read and more is welcome, a message ended the connection, or the message behind
	 * the last whole one was refused.
	 */
	end: 'open' | 'closed' | 'refused';
	/** Why it was refused, in the parser's own words. */
	why: string;
	/** Where each message begins, and where what follows the last one does. Only of our own parser. */
	starts: number[];
}

export const pairsOf = (raw: readonly string[]): Pairs =>
	Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string]);

/** How many messages were read to their ends. */
export const wholeOf = (reading: Reading): number => reading.messages.filter(({ whole }) => whole).length;
