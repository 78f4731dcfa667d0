/** What of `pg` is used: a pool, its clients, and the answer to a query. */

export interface PgField {
	name: string;
	dataTypeID: number;
	format?: string;
}

/** As `pg` gives it. */
export interface PgResult {
	command: string;
	rowCount: number | null;
	oid: number | null;
	rows: unknown[];
	fields: PgField[];
}

export type PgCallback = (error: unknown, result?: unknown) => void;

export interface PgClient {
	query(...args: unknown[]): unknown;
	release(error?: unknown): void;
	on(event: string, listener: (...args: never[]) => void): unknown;
	getTypeParser(oid: number, format: string): (value: string) => unknown;
	/** Missing: the native client, which does not say how its transaction stands. */
	connection?: { prependListener(event: string, listener: (message: { status?: string }) => void): unknown };
}

/** A `Pool` of `pg`, from 8.11 on. */
export interface PgPool {
	connect(): Promise<unknown>;
	query(...args: never[]): unknown;
	on(event: 'connect', listener: (client: never) => void): unknown;
	options?: object;
}

/** What a call of `query` asks for. */
export interface PgCall {
	/** As it was given, to be passed on as it is. */
	args: unknown[];
	/** Undefined: an object that sends itself, like a cursor or COPY. */
	text: string | undefined;
	values: unknown[] | undefined;
	/** The object that the text came in, with what it says beside it. */
	config: Record<string, unknown>;
	callback: PgCallback | undefined;
	/** It sends itself; its text, where it shows one, is no promise. */
	submits: boolean;
}

/** Reads the forms of `query(text, values?, callback?)` and `query({ text, values, … }, values?, callback?)`. */
export function readCall(args: unknown[]): PgCall {
	const [first] = args;
	const callback = args.find((arg) => typeof arg === 'function') as PgCallback | undefined;
	const rest = args.filter((arg) => typeof arg !== 'function');
	const values = Array.isArray(rest[1]) ? rest[1] : undefined;
	if (typeof first === 'string') return { args: rest, text: first, values, config: {}, callback, submits: false };
	const config = (typeof first === 'object' && first !== null ? first : {}) as Record<string, unknown>;
	const submits = typeof config['submit'] === 'function';
	const own = Array.isArray(config['values']) ? config['values'] : undefined;
	return { args: rest, text: textOf(config), values: values ?? own, config, callback, submits };
}

function textOf(config: Record<string, unknown>): string | undefined {
	const inner = config['cursor'];
	for (const holder of [config, inner]) {
		const text = typeof holder === 'object' && holder !== null ? (holder as { text?: unknown }).text : undefined;
		if (typeof text === 'string') return text;
	}
	return undefined;
}
