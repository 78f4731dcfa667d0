import type { PlatformCheck } from '../app/live-check.ts';
import type { ParsedArguments } from '../config/arguments.ts';
import type { Config } from '../config/config.ts';
import { type LoadResult, loadConfig } from '../config/load.ts';
import { formatProblems, shortFile } from '../config/problem.ts';
import { inertLines } from '../core/inert.ts';
import { missingProgram, userExists } from '../instances/run/look-up.ts';
import { EXIT } from './command.ts';
import { jsonText } from './json-text.ts';
import { plural } from './quantity.ts';
import type { Terminal } from './terminal.ts';

/** `ballast check [config] [--live] [--json]`. */
export async function check(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const loaded = await loadConfig(parsed.positionals[0], { lookUp: { missingProgram, userExists } });
	const live = loaded.ok && parsed.switches.has('live') ? await tried(loaded.config) : null;
	if (parsed.switches.has('json')) terminal.out(`${jsonText(asJson(loaded, live), 2)}\n`);
	else {
		show(loaded, terminal);
		if (live !== null) showLive(live, terminal);
	}
	if (!loaded.ok) return EXIT.usage;
	return live?.some(({ problems }) => problems.length > 0) ? EXIT.failed : EXIT.ok;
}

/** Loaded only here: what speaks to platforms is no small thing. */
async function tried(config: Config): Promise<PlatformCheck[]> {
	const { checkPlatforms } = await import('../app/live-check.ts');
	return checkPlatforms(config);
}

function showLive(live: readonly PlatformCheck[], terminal: Terminal): void {
	if (live.length === 0) terminal.out('no instances are of a platform: nothing was tried\n');
	for (const { pool, target, found, problems, notes } of live) {
		for (const problem of problems) terminal.err(inertLines(`${pool}: ${problem}\n`));
		if (found !== null && problems.length === 0)
			terminal.out(inertLines(`${pool}: ${target} answers: ${found.running} of ${found.desired} running\n`));
		for (const note of notes) terminal.out(inertLines(`${pool}: ${note}\n`));
	}
	const count = live.reduce((sum, { problems }) => sum + problems.length, 0);
	if (count > 0) terminal.err(`${plural(count, 'problem')}\n`);
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

function asJson(loaded: LoadResult, live: readonly PlatformCheck[] | null): unknown {
	const { ok, files, warnings } = loaded;
	return ok
		? { ok, files, ...sizeOf(loaded), warnings, ...(live === null ? {} : { platforms: live }) }
		: { ok, code: 'config_invalid', files, problems: loaded.problems, warnings };
}

function sizeOf({ config }: Extract<LoadResult, { ok: true }>) {
	return {
		services: config.services.length,
		routes: config.services.reduce((sum, { routes }) => sum + routes.length, 0),
		listeners: config.listen.length,
	};
}
