import type { CommandArguments, OptionArguments, ParsedArguments } from '../config/arguments.ts';
import type { Terminal } from './terminal.ts';

/** Carries a command out; gives the exit code. */
export type Run = (parsed: ParsedArguments, terminal: Terminal) => Promise<number>;

export interface Command {
	arguments: CommandArguments;
	/** One line for the list of commands. */
	summary: string;
	/** What it does, a line each. */
	about: string[];
	/** Command line and what it is for. */
	examples: [string, string][];
}

/** 0 ok · 1 failed · 2 bad usage or bad configuration · 3 not running. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, interrupted: 130 } as const;

export const JSON_OPTION: OptionArguments = { name: 'json', text: 'print the result as JSON' };
