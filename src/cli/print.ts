import type { ParsedArguments } from '../config/arguments.ts';
import { maskedForm, printConfig } from '../config/print.ts';
import { inertLines } from '../core/inert.ts';
import { EXIT } from './command.ts';
import { fileConfig } from './file-config.ts';
import { jsonText } from './json-text.ts';
import type { Terminal } from './terminal.ts';

/** `ballast print [config] [--json]`. */
export async function print(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const { config } = await fileConfig(parsed.positionals[0]);
	terminal.out(parsed.switches.has('json') ? `${jsonText(maskedForm(config), 2)}\n` : inertLines(printConfig(config)));
	return EXIT.ok;
}
