import { type OptionArguments, type ParsedArguments, usage } from '../config/arguments.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { type Command, EXIT } from './command.ts';
import { COMMANDS, findCommand } from './commands.ts';
import type { Terminal } from './terminal.ts';
import { pad } from './text-width.ts';

/** `ballast help [command]`. */
export async function help(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const name = parsed.positionals[0];
	terminal.out(name === undefined ? overview() : commandHelp(findCommand(name) ?? unknownCommand(name)));
	return EXIT.ok;
}

/** All commands in one list. */
export function overview(): string {
	const list = COMMANDS.map(({ arguments: { name }, summary }): [string, string] => [name, summary]);
	return [
		'Ballast makes an HTTP API scale and stay up: it runs the instances, balances over them and heals them.',
		'',
		'Usage: ballast <command> [options]',
		'',
		'Commands:',
		...aligned(list),
		'',
		'Options:',
		...aligned([
			['--version', 'print the version'],
			['--help, -h', 'this text; `ballast <command> --help` for a command'],
		]),
		'',
		'Start here:',
		...aligned([
			['ballast run -- node server.js', 'no file needed'],
			['ballast up', 'what ballast.yaml says'],
			['ballast status', 'what runs and how it is'],
		]),
		'',
		'Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not running.',
		'',
	].join('\n');
}

/** How one command is used. */
export function commandHelp({ arguments: accepted, about, examples }: Command): string {
	return [
		`Usage: ${usage(accepted)}`,
		'',
		...about,
		'',
		'Options:',
		...aligned(accepted.options.map((option) => [optionHead(option), option.text])),
		'',
		'Examples:',
		...aligned(examples),
		'',
	].join('\n');
}

/** Throws `bad_command` with the command that was probably meant. */
export function unknownCommand(name: string): never {
	const names = COMMANDS.map((command) => command.arguments.name);
	const near = closest(name, names);
	const meant = near === undefined ? '' : ` Did you mean \`ballast ${near}\`?`;
	throw new BallastError(
		'bad_command',
		`there is no command \`${name}\`.${meant}\nThe commands are ${names.join(', ')}; \`ballast help\` tells more.`,
	);
}

function optionHead({ name, short, value }: OptionArguments): string {
	return `--${name}${value === undefined ? '' : ` ${value}`}${short === undefined ? '' : `, -${short}`}`;
}

function aligned(rows: readonly (readonly [string, string])[]): string[] {
	const width = Math.max(...rows.map(([head]) => head.length));
	return rows.map(([head, text]) => (width > 44 ? `  ${head}\n      ${text}` : `  ${pad(head, width)}  ${text}`));
}
