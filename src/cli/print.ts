import type { ParsedArguments } from '../config/arguments.ts';
import { printConfig } from '../config/print.ts';
import { EXIT } from './command.ts';
import { fileConfig } from './file-config.ts';
import { inertLines } from '../core/inert.ts';
import type { Terminal } from './terminal.ts';

/** `ballast print [config] [--json]`. */
export async function print(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const { config } = await fileConfig(parsed.positionals[0]);
	terminal.out(inertLines(printConfig(config, parsed.switches.has('json') ? 'json' : 'yaml')));
	return EXIT.ok;
}
