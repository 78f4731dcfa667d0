/** A request as the instance gets it. */
export interface Forwarded {
	/** `GET / HTTP/1.1` */
	line: string;
	host: string;
	framing: 'none' | 'length' | 'chunked';
	body: string;
	/** Field lines that are there. */
	has?: string[];
	/** Names of fields, and of trailers, that are not. */
	without?: string[];
}

export interface Vector {
	name: string;
	/** One byte a character. */
	send: string;
	/** What reaches an instance, in this order and whole. */
	forwarded: Forwarded[];
	/** The status of the last answer, behind which the connection is closed; null: it stays. */
	refused: number | null;
	/** What is wrong stands in a body: part of that request may have reached an instance, never all of it. */
	late?: true;
}

/** Behind an attack: must never be seen by an instance as a request of its own. */
export const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n';
export const HOST = 'Host: a\r\n';

/** Refused by its head, with 400 unless said otherwise. */
export const refused = (name: string, send: string, status = 400): Vector => ({
	name,
	send: send + SMUGGLED,
	forwarded: [],
	refused: status,
});

/** Refused by what stands in its body. */
export const late = (name: string, send: string): Vector => ({
	name,
	send: send + SMUGGLED,
	forwarded: [],
	refused: 400,
	late: true,
});

export const taken = (name: string, send: string, ...forwarded: Partial<Forwarded>[]): Vector => ({
	name,
	send,
	forwarded: forwarded.map((one) => ({ line: 'GET / HTTP/1.1', host: 'a', framing: 'none', body: '', ...one })),
	refused: null,
});

/** As `taken`, and then refused: what follows the request is none. */
export const takenThenRefused = (...of: Parameters<typeof taken>): Vector => ({ ...taken(...of), refused: 400 });

export const post = (lines: string, body: string): string => `POST / HTTP/1.1\r\n${HOST}${lines}\r\n\r\n${body}`;
export const get = (lines: string): string => `GET / HTTP/1.1\r\n${HOST}${lines}\r\n\r\n`;
export const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);
export const coded = (line: string): string => post(line, '0\r\n\r\n');
export const withLength = (value: string): string => post(`Content-Length:${value}`, 'abc');
export const POSTED: Partial<Forwarded> = { line: 'POST / HTTP/1.1' };
