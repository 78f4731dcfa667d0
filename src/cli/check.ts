import type { ParsedArguments } from '../config/arguments.ts';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { formatProblems, shortFile } from '../config/problem.ts';
import { inertLines } from '../core/inert.ts';
import { missingProgram, userExists } from '../instances/run/look-up.ts';
import { EXIT } from './command.ts';
import { jsonText } from './json-text.ts';
import { plural } from './quantity.ts';
import type { Terminal } from './terminal.ts';

/** `ballast check [config] [--json]`. */
export async function check(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const loaded = await loadConfig(parsed.positionals[0], { lookUp: { missingProgram, userExists } });
	if (parsed.switches.has('json')) terminal.out(`${jsonText(asJson(loaded), 2)}\n`);
	else show(loaded, terminal);
	return loaded.ok ? EXIT.ok : EXIT.usage;
}

function show(loaded: LoadResult, terminal: Terminal): void {
	if (loaded.warnings.length > 0) terminal.err(inertLines(`warnings:\n${formatProblems(loaded.warnings)}\n`));
	if (!loaded.ok)
		return terminal.err(
			inertLines(`${formatProblems(loaded.problems)}\n${plural(loaded.problems.length, 'problem')}\n`),
		);
	const { services, routes, listeners } = sizeOf(loaded);
	const parts = [plural(services, 'service'), plural(routes, 'route'), plural(listeners, 'listener')].join(', ');
	terminal.out(inertLines(`${shortFile(loaded.files[0] ?? '', process.cwd())} is valid: ${parts}\n`));
}

function asJson(loaded: LoadResult): unknown {
	const { ok, files, warnings } = loaded;
	return ok
		? { ok, files, ...sizeOf(loaded), warnings }
		: { ok, code: 'config_invalid', files, problems: loaded.problems, warnings };
}

function sizeOf({ config }: Extract<LoadResult, { ok: true }>) {
	return {
		services: config.services.length,
		routes: config.services.reduce((sum, { routes }) => sum + routes.length, 0),
		listeners: config.listen.length,
	};
}
