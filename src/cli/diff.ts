import { globalsOf, type ParsedArguments } from '../config/arguments.ts';
import type { Config } from '../config/config.ts';
import { diffConfig, formatDiff } from '../config/diff.ts';
import { maskConfig } from '../config/mask.ts';
import { inertLines } from '../core/inert.ts';
import { EXIT } from './command.ts';
import { controlSocket } from './control-socket.ts';
import { fileConfig } from './file-config.ts';
import { jsonText } from './json-text.ts';
import { plural } from './quantity.ts';
import { runningConfig, runningFile } from './running-config.ts';
import type { Terminal } from './terminal.ts';

interface Sides {
	before: { config: Config; name: string };
	after: { config: Config; name: string };
}

/** `ballast diff [config] [config] [--json] [--exit-code]`. */
export async function diff(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const { before, after } = await sidesOf(parsed, terminal);
	const changes = diffConfig(before.config, after.config);
	const names = `${before.name} → ${after.name}`;
	if (parsed.switches.has('json')) {
		terminal.out(`${jsonText({ before: before.name, after: after.name, changes }, 2)}\n`);
	} else if (changes.length === 0) {
		terminal.out(inertLines(`${names}: nothing changes\n`));
	} else {
		terminal.out(inertLines(`${names}: ${plural(changes.length, 'change')}\n${formatDiff(changes)}\n`));
	}
	return changes.length > 0 && parsed.switches.has('exit-code') ? EXIT.failed : EXIT.ok;
}

async function sidesOf(parsed: ParsedArguments, terminal: Terminal): Promise<Sides> {
	const [first, second] = parsed.positionals;
	if (first !== undefined && second !== undefined) {
		const [before, after] = [await fileConfig(first), await fileConfig(second)];
		return { before: { config: before.config, name: before.file }, after: { config: after.config, name: after.file } };
	}
	// First what runs: without it the file need not be read.
	const where = controlSocket(globalsOf(parsed), terminal.env);
	const running = await runningConfig(where);
	const { config, file } = await fileConfig(first ?? (await runningFile(where)));
	return {
		before: { config: maskConfig(running), name: 'running' },
		after: { config: maskConfig(config), name: file },
	};
}
