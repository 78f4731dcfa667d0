/** Functions that PostgreSQL brings, where their declared volatility is not the whole of it. */

/** Declared stable only for settings that are a part of each key: time zone, formats, text search. */
export const STEADY_BY_SETTINGS: ReadonlySet<string> = new Set([
	...['concat', 'concat_ws', 'format', 'quote_literal', 'quote_nullable', 'array_to_string', 'array_to_json', 'length'],
	...['row_to_json', 'to_json', 'to_jsonb', 'json_agg', 'jsonb_agg', 'json_object_agg', 'jsonb_object_agg'],
	...['json_build_object', 'jsonb_build_object', 'json_build_array', 'jsonb_build_array', 'json_to_record'],
	...['json_to_recordset', 'jsonb_to_record', 'jsonb_to_recordset', 'json_populate_record', 'json_populate_recordset'],
	...['jsonb_populate_record', 'jsonb_populate_recordset', 'to_char', 'to_date', 'to_timestamp', 'to_number'],
	...[
		'date',
		'time',
		'timetz',
		'timestamp',
		'timestamptz',
		'timezone',
		'date_part',
		'date_trunc',
		'extract',
		'overlaps',
	],
	...['make_timestamptz', 'generate_series', 'money', 'numeric', 'to_tsvector', 'to_tsquery', 'plainto_tsquery'],
	...['phraseto_tsquery', 'websearch_to_tsquery', 'ts_headline', 'convert', 'convert_from', 'convert_to'],
]);

/** They run a text, or read a table, that an argument names. */
export const RUNS_TEXT: ReadonlySet<string> = new Set([
	...['query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'cursor_to_xml', 'cursor_to_xmlschema'],
	...[
		'table_to_xml',
		'table_to_xmlschema',
		'table_to_xml_and_xmlschema',
		'schema_to_xml',
		'database_to_xml',
		'ts_stat',
	],
	...['schema_to_xml_and_xmlschema', 'database_to_xml_and_xmlschema', 'ts_rewrite'],
]);

/** They change the session. */
export const CHANGES_SESSION: ReadonlySet<string> = new Set(['set_config']);
