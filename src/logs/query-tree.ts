/** A query of the logs, as it was understood. */
export type QueryNode =
	| { kind: 'and' | 'or'; parts: readonly QueryNode[] }
	| { kind: 'not'; part: QueryNode }
	/** Words one after the other, by the index. `prefix`: the last may go on. */
	| { kind: 'words'; words: readonly string[]; prefix: boolean }
	/** What the index does not have, such as an identifier: looked for in the messages, whatever its case. */
	| { kind: 'text'; text: string }
	/** A field is the same as text; `*` stands for any characters. */
	| { kind: 'glob'; field: string; pattern: string }
	| { kind: 'compare'; field: string; operator: Comparison; value: number }
	/** That severity and above, by `severityRank`. */
	| { kind: 'level'; least: number };

export type Comparison = '>=' | '<=' | '>' | '<';

/** null: everything. */
export type Query = QueryNode | null;

/** Short names of fields, and what they stand for in `LogEntry.fields`. */
export const FIELD_ALIASES: Readonly<Record<string, string>> = {
	route: 'http.route',
	method: 'http.request.method',
	path: 'url.path',
	query: 'url.query',
	status: 'http.response.status_code',
	duration: 'duration_s',
	address: 'client.address',
	client: 'client.address',
	agent: 'user_agent.original',
	error: 'error.type',
	host: 'server.address',
	cache: 'cache.status',
	bytes: 'http.response.body.size',
	queue: 'queue_s',
	attempts: 'upstream.attempts',
};

/** Fields of `LogEntry` itself. */
export const OWN_FIELDS: readonly string[] = ['source', 'service', 'instance', 'trace', 'span', 'message'];

/** Fields that hold seconds: a duration is understood there. */
export const SECONDS: readonly string[] = ['duration_s', 'queue_s', 'upstream.duration_s'];
