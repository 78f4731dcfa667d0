/** What a person writes of logs. Import the types only where zod must not be loaded. */
import { z } from 'zod';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { complainOfPattern } from '../core/pattern.ts';
import {
	bool,
	choice,
	duration,
	integer,
	key,
	list,
	object,
	oneOf,
	required,
	share,
	size,
	text,
} from '../core/schema.ts';
import type { AccessFormat } from './common-line.ts';
import type { RotateOptions } from './log-file.ts';
import { parseQuery } from './query-parse.ts';
import type { RedactOptions } from './redact.ts';

export interface AccessLogConfig {
	/** null: the standard output. */
	path: string | null;
	format: AccessFormat;
	/** null: it is not rotated by us. */
	rotate: RotateOptions | null;
	/** Share of requests without error that are written, 0…1; slow ones and errors always are. */
	sample: number;
}

/** Where all entries that fit `only` are passed on to. */
export type ForwardConfig = { only: string } & (
	| { kind: 'file'; path: string; rotate: RotateOptions | null }
	| { kind: 'syslog'; transport: 'udp' | 'tcp'; host: string; port: number }
);

export interface LogsConfig {
	/** null: no access log; the rows of the store do not hang on it. */
	access: AccessLogConfig | null;
	/** null: off. */
	redact: RedactOptions | null;
	keepMs: number;
	keepBytes: number;
	/** A request that takes longer is kept whatever the sample, ms. */
	slowMs: number;
	/** Share of the other requests that gets a row in the store, 0…1. */
	sample: number;
	forward: ForwardConfig[];
}

const DAY = 86_400_000;
const off = z.literal(['off', false], { error: 'expected off' });

/** Something else than a path was meant by a word such as `stdot`. */
function complainOfPath(value: string, words: readonly string[]): string | undefined {
	if (value === '' || value.includes('\0') || value.length > 1000) return 'expected a path such as ./access.log';
	if (words.includes(value) || /[./]/.test(value)) return undefined;
	const near = closest(value, words);
	return `expected a path such as ./access.log${near === undefined ? `; write ./${value} for a file of that name` : `; did you mean \`${near}\`?`}`;
}

export const rotateSchema = oneOf(
	[
		object({
			size: key(size(1000, 1e12), 'A file that is bigger is moved aside.', { default: '100MB', example: '1GB' }),
			every: key(duration(60_000, 366 * DAY), 'One that was begun longer ago, too.', { example: '1d' }),
			keep: key(integer(0, 1000), 'How many old files are kept.', { default: 5, example: 14 }),
			gzip: key(bool(), 'Whether old files are compressed. It costs more than writing them did.', {
				default: false,
				example: true,
			}),
		}),
		off,
	],
	'an object with size, every, keep, gzip, or off',
);
export type RotateInput = z.input<typeof rotateSchema>;

const accessTarget = text('off, stdout or a path such as ./access.log', (value) =>
	complainOfPath(value, ['off', 'stdout']),
);

export const accessSchema = oneOf(
	[
		accessTarget,
		z.literal(false, { error: 'expected off' }),
		object({
			to: required(accessTarget, '`stdout`, or the path of a file.', { example: './access.log' }),
			format: key(
				choice('json', 'common', 'combined'),
				'One line of JSON with the names of OpenTelemetry, or a format that older programs read.',
				{
					default: 'json',
					example: 'combined',
				},
			),
			rotate: key(
				rotateSchema,
				'When a file is moved aside, and what becomes of it. `off` where another program does it: a file that was moved is opened anew within a second.',
				{
					default: { size: '100MB', keep: 5, gzip: false },
					example: { size: '1GB', keep: 14 },
				},
			),
			sample: key(
				share(0, 1),
				'Share of the requests that is written; all errors and slow ones are. `weight` in a line says how many it stands for.',
				{
					default: '100%',
					example: '10%',
				},
			),
		}),
	],
	'off, stdout, a path, or an object with to, format, rotate, sample',
);
export type AccessInput = z.input<typeof accessSchema>;

const pattern = text('a regular expression such as cust-\\d+', complainOfPattern);
const secretName = text('the name of a key such as voucher', (value) =>
	/^[\w.@-]{1,100}$/.test(value) ? undefined : 'expected the name of a key such as voucher: letters, digits and `_.@-`',
);

export const redactSchema = oneOf(
	[
		list(pattern, 'regular expressions'),
		object({
			patterns: key(
				list(pattern, 'regular expressions'),
				'What fits is replaced by `[redacted]`, besides what is by default.',
				{
					example: ['cust-\\d+'],
				},
			),
			keys: key(
				list(secretName, 'names'),
				'Names in queries and of fields whose values are replaced, besides those that are by default.',
				{
					example: ['voucher'],
				},
			),
		}),
		off,
	],
	'a list of regular expressions, an object with patterns, keys, or off',
);
export type RedactInput = z.input<typeof redactSchema>;

const keepTime = duration(3_600_000, 3660 * DAY);
const keepSize = size(10_000_000, 1e14);
export const keepSchema = oneOf(
	[
		keepTime,
		keepSize,
		object({
			time: key(keepTime, 'How long entries are kept.', { default: '7d', example: '30d' }),
			size: key(keepSize, 'How big they may be in all; the oldest go first.', { default: '2GB', example: '20GB' }),
		}),
	],
	'a duration such as 7d, a size such as 2GB, or an object with time, size',
);
export type KeepInput = z.input<typeof keepSchema>;

/** `syslog://host:514` (UDP), `syslog+tcp://host:601`; undefined: it is none. */
export function parseSyslog(value: string): { transport: 'udp' | 'tcp'; host: string; port: number } | undefined {
	const found = /^syslog(\+tcp|\+udp)?:\/\/(\[[0-9a-f:]+\]|[\w.-]{1,253})(?::(\d{1,5}))?\/?$/i.exec(value);
	const transport = found?.[1]?.toLowerCase() === '+tcp' ? 'tcp' : 'udp';
	const port = Number(found?.[3] ?? (transport === 'tcp' ? 601 : 514));
	if (found === null || port < 1 || port > 65_535) return undefined;
	return { transport, host: (found[2] as string).replace(/^\[|\]$/g, ''), port };
}

const forwardTarget = text('a path such as ./all.log, or syslog+tcp://host:601', (value) => {
	if (!value.includes('://')) return complainOfPath(value, []);
	return parseSyslog(value) === undefined
		? 'expected syslog://host:514 (UDP), syslog+tcp://host:601, or a path such as ./all.log'
		: undefined;
});

const onlyQuery = text('a query such as level:warn', (value) => {
	try {
		parseQuery(value);
		return undefined;
	} catch (error) {
		return error instanceof BallastError ? `expected a query such as level:warn; ${error.message}` : String(error);
	}
});

const forwardForms = [
	forwardTarget,
	object({
		to: required(forwardTarget, 'A path, or the address of a syslog receiver.', { example: 'syslog+tcp://logs:601' }),
		only: key(onlyQuery, 'Only entries that fit this query.', { defaultText: 'all', example: 'level:warn' }),
		rotate: key(rotateSchema, 'As for `access`; for a file.', {
			default: { size: '100MB', keep: 5, gzip: false },
			example: 'off',
		}),
	}),
] as const;

export const forwardSchema = oneOf(
	[...forwardForms, list(oneOf(forwardForms, 'a path, an address, or an object with to, only, rotate'), 'targets')],
	'a path, syslog://host:514, syslog+tcp://host:601, an object with to, only, rotate, or a list of these',
);
export type ForwardInput = z.input<typeof forwardSchema>;

export const logsSchema = object({
	access: key(
		accessSchema,
		'The access log: a line for each request. The rows of the store, which `ballast logs` searches, do not hang on it.',
		{
			default: 'off',
			example: './access.log',
		},
	),
	redact: key(
		redactSchema,
		'Secrets and personal data that are replaced in all that is logged. By default: values of keys such as `token` and `password` in queries, messages and fields; Authorization and cookies; bearer tokens and JWTs; e-mail addresses; numbers of cards.',
		{
			defaultText: 'on',
			example: ['cust-\\d+'],
		},
	),
	keep: key(keepSchema, 'How long entries are kept, and how big they may be in all.', {
		default: { time: '7d', size: '2GB' },
		example: '30d',
	}),
	slow: key(duration(1, DAY), 'A request that takes longer is kept whatever the sample.', {
		default: '1s',
		example: '500ms',
	}),
	sample: key(
		share(0, 1),
		'Share of the other requests that gets a row in the store; counts and percentiles reckon with it.',
		{
			default: '10%',
			example: '100%',
		},
	),
	forward: key(forwardSchema, 'Where all entries are passed on to: a file with lines of JSON, or syslog (RFC 5424).', {
		example: { to: 'syslog+tcp://logs:601', only: 'level:warn' },
	}),
});
export type LogsInput = z.input<typeof logsSchema>;
