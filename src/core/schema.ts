/**
 * The few zod schemas that all features' `config.ts` are written with. They only check: what a
 * person wrote stays as it was, and `src/config` turns it into numbers. Each error is a whole
 * sentence that says what is accepted and, where it can be told, what was meant.
 */
import { z } from 'zod';
import { closest } from './closest.ts';
import { orList } from './or-list.ts';
import { formatDuration, formatShare, formatSize, parseDuration, parseShare, parseSize } from './units.ts';

// Compiling each schema to a function costs more at the start than it saves in a program that validates once.
z.config({ jitless: true });

/** What the reference page and the JSON Schema say of a key. */
export interface KeyNotes {
	/** Default, as a person would write it. */
	default?: unknown;
	/** A default that is no fixed value: `the number of cores`. */
	defaultText?: string;
	example?: unknown;
}

/** An optional key with its meaning. */
export function key<S extends z.ZodType>(schema: S, description: string, notes: KeyNotes = {}) {
	return schema.optional().meta(meta(description, notes));
}

/** A key that must be there. */
export function required<S extends z.ZodType>(schema: S, description: string, notes: KeyNotes = {}): S {
	return schema.meta(meta(description, notes)) as S;
}

function meta(description: string, notes: KeyNotes): Record<string, unknown> {
	return {
		description,
		...(notes.default === undefined ? {} : { default: notes.default }),
		...(notes.defaultText === undefined ? {} : { 'x-default': notes.defaultText }),
		...(notes.example === undefined ? {} : { examples: [notes.example] }),
	};
}

/** Starts the message of an unknown key; the keys that are accepted follow. */
export const ACCEPTED_KEYS = 'accepted keys: ';

/** An object that takes no other keys than these. */
export function object<S extends z.ZodRawShape>(shape: S) {
	const names = Object.keys(shape)
		.filter((name) => !name.startsWith('$'))
		.join(', ');
	return z.strictObject(shape, {
		error: (issue) =>
			issue.code === 'unrecognized_keys' ? ACCEPTED_KEYS + names : `expected an object with the keys ${names}`,
	});
}

/** A map with free names. */
export function map<S extends z.ZodType>(values: S, of: string) {
	return z.record(z.string(), values, { error: `expected a map of ${of}` });
}

/** Several forms of one thing; `expected` names them all. */
export function oneOf<const S extends readonly [z.ZodType, ...z.ZodType[]]>(forms: S, expected: string) {
	return z.union(forms, { error: `expected ${expected}` });
}

/** A list of at least one element, or of `least`. */
export function list<S extends z.ZodType>(elements: S, of: string, least: 0 | 1 = 1) {
	const error = `expected a list of ${of}`;
	return z.array(elements, { error }).min(least, { error: `${error}; this one is empty` });
}

/** Text that `complain` finds no fault with. A complaint is a whole sentence: `expected a path such as /v1`. */
export function text(expected: string, complain: (value: string) => string | undefined, type = 'text') {
	return z
		.string({ error: (issue) => quoted(expected, issue.input) })
		.check((context) => {
			const message = complain(context.value);
			if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
		})
		.meta({ 'x-type': type });
}

function quoted(expected: string, input: unknown): string {
	const scalar = typeof input === 'number' || typeof input === 'boolean';
	return `expected ${expected}${scalar ? `; write it in quotes: "${input}"` : ''}`;
}

/** One of a few words. */
export function choice<const T extends readonly [string, ...string[]]>(...words: T) {
	return z.enum(words, {
		error: (issue) => {
			const near = typeof issue.input === 'string' ? closest(issue.input, words) : undefined;
			return `expected ${orList(words)}${near === undefined ? '' : `; did you mean \`${near}\`?`}`;
		},
	});
}

/** A whole number in a closed range. */
export function integer(min: number, max: number) {
	const error = (issue: { input?: unknown }) => {
		const { input } = issue;
		const near = typeof input === 'string' && /^\d+$/.test(input) ? `; write ${Number(input)} without quotes` : '';
		return `expected a whole number from ${min} to ${max}${near}`;
	};
	return z.int({ error }).min(min, { error }).max(max, { error });
}

/** `true` or `false`. */
export function bool() {
	return z.boolean({
		error: ({ input }) => {
			const word = typeof input === 'string' ? input.toLowerCase() : '';
			if (['yes', 'on', 'y', 'true'].includes(word))
				return `expected true or false; \`${input}\` is text here: write true`;
			if (['no', 'off', 'n', 'false'].includes(word))
				return `expected true or false; \`${input}\` is text here: write false`;
			return 'expected true or false';
		},
	});
}

const DAY = 86_400_000;

/** A duration in a closed range of ms. */
export function duration(minMs: number, maxMs: number = DAY) {
	const pattern = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;
	const wrong = ({ input }: { input?: unknown }) =>
		`expected a duration such as 500ms, 30s or 1m30s${meant(durationMeant(input))}`;
	return z
		.string({ error: wrong })
		.regex(pattern, { error: wrong })
		.check((context) => {
			const ms = parseDuration(context.value);
			if (ms === undefined || (ms >= minMs && ms <= maxMs)) return;
			const message = `expected a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
			context.issues.push({ code: 'custom', message, input: context.value });
		})
		.meta({ 'x-type': 'duration' });
}

/** A size in a closed range of bytes. */
export function size(minBytes: number, maxBytes: number) {
	const pattern = /^\d+(\.\d+)?\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)$/;
	const wrong = ({ input }: { input?: unknown }) =>
		`expected a size such as 512B, 16KiB or 10MB${meant(sizeMeant(input))}`;
	return z
		.string({ error: wrong })
		.regex(pattern, { error: wrong })
		.check((context) => {
			const bytes = parseSize(context.value);
			if (bytes === undefined || (bytes >= minBytes && bytes <= maxBytes)) return;
			const message = `expected a size from ${formatSize(minBytes)} to ${formatSize(maxBytes)}`;
			context.issues.push({ code: 'custom', message, input: context.value });
		})
		.meta({ 'x-type': 'size' });
}

/** A share in a closed range of 0…1, written `50%`. */
export function share(min: number, max: number) {
	const expected = `expected a share from ${formatShare(min)} to ${formatShare(max)}, such as ${formatShare(max)}`;
	return z
		.string({ error: ({ input }) => `${expected}${meant(shareMeant(input))}` })
		.check((context) => {
			const found = parseShare(context.value) ?? Number.NaN;
			if (found >= min && found <= max) return;
			const message = `${expected}${meant(shareMeant(context.value))}`;
			context.issues.push({ code: 'custom', message, input: context.value });
		})
		.meta({ 'x-type': 'share' });
}

/** `50` and 0.5 are meant for 50%. */
function shareMeant(input: unknown): string | undefined {
	const number = typeof input === 'number' ? input : typeof input === 'string' ? Number(input) : Number.NaN;
	if (!(number > 0 && number <= 100)) return undefined;
	return formatShare(number <= 1 ? number : number / 100);
}

const meant = (suggestion: string | undefined) => (suggestion === undefined ? '' : `; write \`${suggestion}\``);

function durationMeant(input: unknown): string | undefined {
	if (typeof input === 'number') return input >= 0 && Number.isFinite(input) ? `${input}s` : undefined;
	if (typeof input !== 'string') return undefined;
	const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(input.trim().toLowerCase());
	if (found === null) return undefined;
	const [, amount, word = ''] = found;
	if (/^(ms|msecs?|millis|milliseconds?)$/.test(word)) return `${amount}ms`;
	return /^([smhd]|secs?|seconds?|mins?|minutes?|hours?|hrs?|days?|)$/.test(word)
		? `${amount}${word[0] ?? 's'}`
		: undefined;
}

function sizeMeant(input: unknown): string | undefined {
	if (typeof input === 'number') {
		return Number.isSafeInteger(input) && input >= 0 ? formatSize(input) : undefined;
	}
	const found = typeof input === 'string' ? /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(input.trim()) : null;
	if (found === null) return undefined;
	const letter = (found[2] ?? '').toUpperCase();
	return `${found[1]}${letter === '' ? 'B' : `${letter}iB`}`;
}

/** A secret by reference: the environment variable, or the file, that holds it. */
export const reference = oneOf(
	[
		object({
			env: required(
				text('the name of an environment variable', envName),
				'Name of the environment variable that holds the value.',
				{ example: 'API_KEY' },
			),
		}),
		object({
			file: required(
				text('a path', notEmpty('a path')),
				'File that holds the value; a newline at its end is dropped.',
				{ example: './token' },
			),
		}),
	],
	'`{ env: NAME }` or `{ file: ./path }`',
);

/** A value written plainly or given by reference. Numbers and booleans become text. */
export const valueOrReference = oneOf(
	[
		text('text', (value) => (value.includes('\0') ? 'expected text without NUL' : undefined)),
		z.number({ error: 'expected a number' }),
		z.boolean({ error: 'expected true or false' }),
		reference,
	],
	'text, a number, or a reference: `{ env: NAME }` or `{ file: ./path }`',
);

export type ValueOrReference = z.input<typeof valueOrReference>;

function envName(value: string): string | undefined {
	return /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)
		? undefined
		: 'expected the name of an environment variable: letters, digits and `_`';
}

/** A complaint about empty text and NUL. */
export function notEmpty(expected: string): (value: string) => string | undefined {
	return (value) => (value.trim() === '' || value.includes('\0') ? `expected ${expected}` : undefined);
}
