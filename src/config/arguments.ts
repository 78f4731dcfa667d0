/**
 * The command line: what a command accepts, and the reading of it. `up` and `run` stand here because
 * the core reads them too; the other commands are described in `src/cli`. Nothing heavy is imported:
 * `ballast --version` passes through here.
 */
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';

export interface OptionArguments {
	/** Without the dashes. */
	name: string;
	/** One letter. */
	short?: string;
	/** Placeholder of its value; without one it is a switch. */
	value?: string;
	/** May be given more than once. */
	multiple?: true;
	text: string;
}

/** What a command accepts; `--help` and the errors are written from it. */
export interface CommandArguments {
	name: string;
	/** Positional arguments as `--help` writes them: `service` must be there, `[config]` may. */
	positionals: string[];
	options: OptionArguments[];
	/** Words that are no options, though they begin with `-`. */
	dashed?: RegExp;
	/** What stands behind `--`, or may (`[command…]`); without it nothing may. */
	rest?: string;
}

export interface ParsedArguments {
	positionals: string[];
	switches: ReadonlySet<string>;
	values: ReadonlyMap<string, string[]>;
	/** All behind `--`. */
	rest: string[];
}

/** Accepted by every command. */
export const GLOBAL_OPTIONS: OptionArguments[] = [
	{
		name: 'socket',
		value: 'PATH',
		text: 'control socket; instead of $BALLAST_SOCKET and the one that belongs to --name',
	},
	{ name: 'name', value: 'NAME', text: 'which Ballast, where several run on this machine; default: default' },
	{ name: 'help', short: 'h', text: 'this text' },
];

const WORKERS: OptionArguments = {
	name: 'workers',
	value: 'N',
	text: 'threads that carry the requests, 1 to 32; default: the cores',
};

export const UP: CommandArguments = {
	name: 'up',
	positionals: ['[config]'],
	options: [
		{ name: 'watch', text: 'reload when one of the files of the configuration changes' },
		WORKERS,
		...GLOBAL_OPTIONS,
	],
};

export const RUN: CommandArguments = {
	name: 'run',
	positionals: [],
	options: [
		{ name: 'port', value: 'N', text: 'port to listen on; 0 takes a free one; default: 8080' },
		{ name: 'host', value: 'H', text: 'address to listen on; default: 127.0.0.1, this machine only' },
		{ name: 'instances', value: 'N', text: 'how many to run, 1 to 1000; default: 2' },
		{
			name: 'health',
			value: 'PATH',
			text: 'path that answers 2xx or 3xx when an instance is ready; default: it accepts connections',
		},
		WORKERS,
		...GLOBAL_OPTIONS,
	],
	rest: 'command…',
};

export interface UpArguments {
	/** undefined: the configuration file of the folder. */
	config: string | undefined;
	watch: boolean;
	/** null: what the configuration says. */
	workers: number | null;
	/** undefined: `default`. */
	name: string | undefined;
	/** undefined: $BALLAST_SOCKET, or the one that belongs to the name. */
	socket: string | undefined;
}

export interface RunArguments {
	/** At least one word. */
	command: string[];
	port: number;
	host: string;
	instances: number;
	/** null: a TCP connect. */
	health: string | null;
	workers: number | null;
	name: string | undefined;
	socket: string | undefined;
}

/** Reads what stands behind `up`. Throws `bad_command`. */
export function parseUp(argv: readonly string[]): UpArguments {
	const parsed = parseArguments(UP, argv);
	return {
		config: parsed.positionals[0],
		watch: parsed.switches.has('watch'),
		workers: integerOption(parsed, 'workers', [1, 32]) ?? null,
		...globalsOf(parsed),
	};
}

/** Reads what stands behind `run`. Throws `bad_command`. */
export function parseRun(argv: readonly string[]): RunArguments {
	if (!argv.includes('--')) {
		const command = argv.findIndex((word, at) => !word.startsWith('-') && !takesValue(RUN, argv[at - 1]));
		const example = command < 0 ? 'node server.js' : argv.slice(command).join(' ');
		if (command >= 0 || argv.length === 0)
			throw wrong(RUN, `the command to run stands behind \`--\`: ballast run -- ${example}`);
	}
	const parsed = parseArguments(RUN, argv);
	if (!parsed.rest[0]) throw wrong(RUN, 'the command to run is missing: ballast run -- node server.js');
	const host = parsed.values.get('host')?.at(-1) ?? '127.0.0.1';
	if (isIP(host) === 0 && host !== 'localhost') {
		throw wrong(RUN, `--host takes an address such as 127.0.0.1 or 0.0.0.0, or localhost, not \`${host}\``);
	}
	const health = parsed.values.get('health')?.at(-1) ?? null;
	if (health !== null && !/^\/[\x21\x22\x24-\x7e]*$/.test(health)) {
		throw wrong(RUN, `--health takes a path such as /healthz, not \`${health}\``);
	}
	return {
		command: parsed.rest,
		port: integerOption(parsed, 'port', [0, 65_535]) ?? 8080,
		host,
		instances: integerOption(parsed, 'instances', [1, 1000]) ?? 2,
		health,
		workers: integerOption(parsed, 'workers', [1, 32]) ?? null,
		...globalsOf(parsed),
	};
}

/** `--name` and `--socket`. Throws `bad_command` when the name could not be part of a file's. */
export function globalsOf(parsed: ParsedArguments): { name: string | undefined; socket: string | undefined } {
	const name = parsed.values.get('name')?.at(-1);
	const socket = parsed.values.get('socket')?.at(-1);
	if (name !== undefined && !/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)) {
		throw wrong(
			undefined,
			`--name takes up to 64 letters, digits, '.', '_' and '-', a letter or digit first, not \`${name}\``,
		);
	}
	if (socket === '') throw wrong(undefined, '--socket takes the path of a socket, not an empty word');
	return { name, socket };
}

/** Reads the arguments of a command; the last wins where an option is given twice. Throws `bad_command` with all that is wrong. */
export function parseArguments(command: CommandArguments, argv: readonly string[]): ParsedArguments {
	const known = new Map(command.options.map((option) => [option.name, option]));
	const options: NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']> = {};
	for (const { name, short, value } of command.options) {
		options[name] = { type: value === undefined ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) };
	}
	// Strictness is ours, so that each complaint says what is accepted, and all come at once.
	const args = argv.map((word) => (command.dashed?.test(word) === true ? MARK + word : word));
	const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
	const end = tokens.find((token) => token.kind === 'option-terminator')?.index ?? argv.length;
	const complaints: string[] = [];
	const positionals: string[] = [];
	const switches = new Set<string>();
	const values = new Map<string, string[]>();
	for (const token of tokens) {
		if (token.kind === 'positional' && token.index < end) positionals.push(unmarked(token.value));
		if (token.kind !== 'option') continue;
		const option = known.get(token.name);
		const complaint = option === undefined ? complainOfUnknown(command, token.rawName) : complainOfValue(option, token);
		if (complaint !== undefined) complaints.push(complaint);
		else if (option?.value === undefined) switches.add(token.name);
		else
			values.set(token.name, [
				...(option.multiple ? (values.get(token.name) ?? []) : []),
				unmarked(token.value as string),
			]);
	}
	const rest = argv.slice(end + 1);
	complaints.push(...complainOfPositionals(command, positionals));
	if (end < argv.length && command.rest === undefined) complaints.push('takes nothing behind `--`');
	if (complaints.length > 0) throw wrong(command, complaints.join('\n'));
	return { positionals, switches, values, rest };
}

/** No argument of a process has this character in it. */
const MARK = '\0';
const unmarked = (word: string): string => (word.startsWith(MARK) ? word.slice(MARK.length) : word);

/** A whole number in a closed range; undefined when the option is not there. Throws `bad_command`. */
export function integerOption(parsed: ParsedArguments, name: string, [min, max]: [number, number]): number | undefined {
	const text = parsed.values.get(name)?.at(-1);
	return text === undefined ? undefined : integer(`--${name}`, text, [min, max]);
}

/** A whole number in a closed range. Throws `bad_command`. */
export function integer(what: string, text: string, [min, max]: [number, number]): number {
	const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
	if (value >= min && value <= max) return value;
	throw wrong(undefined, `${what} takes a whole number from ${min} to ${max}, not \`${text}\``);
}

/** `ballast scale <service> <n> [options]`. */
export function usage({ name, positionals, options, rest }: CommandArguments): string {
	const words = positionals.map((word) => (word.startsWith('[') ? word : `<${word}>`));
	const behind = rest?.startsWith('[') ? [`[-- ${rest.slice(1)}`] : rest ? ['--', rest] : [];
	return ['ballast', name, ...words, ...(options.length > 0 ? ['[options]'] : []), ...behind].join(' ');
}

function complainOfUnknown(command: CommandArguments, raw: string): string {
	const names = command.options.map(({ name }) => `--${name}`);
	const near = closest(
		raw.replace(/^-+/, ''),
		command.options.map(({ name }) => name),
	);
	const meant = near === undefined ? 'it takes' : `did you mean \`--${near}\`? It takes`;
	return `has no option \`${raw}\`; ${meant} ${names.join(', ')}`;
}

function complainOfValue(
	option: OptionArguments,
	token: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
): string | undefined {
	const { rawName, value, inlineValue } = token;
	if (option.value === undefined) return value === undefined ? undefined : `option \`${rawName}\` takes no value`;
	if (value === undefined) return `option \`${rawName}\` needs a value: ${rawName} ${option.value}`;
	const looksLikeOption = !inlineValue && value.startsWith('-') && value !== '-';
	return looksLikeOption
		? `option \`${rawName}\` needs a value, and \`${value}\` is an option; write ${rawName}=${value} if it is meant`
		: undefined;
}

function complainOfPositionals(command: CommandArguments, given: string[]): string[] {
	const must = command.positionals.filter((word) => !word.startsWith('['));
	if (given.length < must.length)
		return [
			`needs ${must
				.slice(given.length)
				.map((word) => `<${word}>`)
				.join(' and ')}`,
		];
	// `[url…]` takes any number.
	const extra = command.positionals.at(-1)?.endsWith('…]') === true ? [] : given.slice(command.positionals.length);
	return extra.length === 0 ? [] : [`takes no argument \`${extra[0]}\``];
}

function takesValue(command: CommandArguments, word: string | undefined): boolean {
	return command.options.some(({ name, value }) => value !== undefined && word === `--${name}`);
}

function wrong(command: CommandArguments | undefined, message: string): BallastError {
	if (command === undefined) return new BallastError('bad_command', message);
	const lines = message.split('\n').map((line) => `${command.name}: ${line}`);
	return new BallastError(
		'bad_command',
		`${lines.join('\n')}\nusage: ${usage(command)} (ballast help ${command.name})`,
	);
}
