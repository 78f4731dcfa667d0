import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alertmanagerConfig } from '../alerts/alertmanager-config.ts';
import { prometheusRules } from '../alerts/prometheus-rules.ts';
import { promtoolTests } from '../alerts/promtool-tests.ts';
import type { ParsedArguments } from '../config/arguments.ts';
import type { Config } from '../config/config.ts';
import { FIGURE_CATALOGUE, OPEN_CATALOGUE } from '../config/figure-catalogue.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inertLines } from '../core/inert.ts';
import { orList } from '../core/or-list.ts';
import { grafanaFiles } from '../export/grafana.ts';
import { EXIT } from './command.ts';
import { fileConfig } from './file-config.ts';
import type { Terminal } from './terminal.ts';

interface Exported {
	/** Path below the folder that they are written to, and what stands in them. */
	files: { path: string; text: string }[];
	/** Said on standard error, a line each. */
	notes?: string[];
}

const RULES_FILE = 'ballast.rules.yml';

/** What can be exported. */
const EXPORTS: Readonly<Record<string, (config: Config) => Exported>> = {
	'prometheus-rules': rules,
	alertmanager,
	grafana: () => ({ files: grafanaFiles(FIGURE_CATALOGUE.list()) }),
};

/** `ballast export <what> [config] [--to FOLDER]`. */
export async function exportFiles(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const [what = '', path] = parsed.positionals;
	const write = Object.hasOwn(EXPORTS, what) ? EXPORTS[what] : undefined;
	if (write === undefined) throw unknown(what);
	const { config } = await fileConfig(path);
	const { files, notes = [] } = write(config);
	const folder = parsed.values.get('to')?.at(-1);
	const [first, ...rest] = files;
	if (folder !== undefined) writeTo(folder, files, terminal);
	else if (first !== undefined && (rest.length === 0 || what === 'prometheus-rules'))
		terminal.out(inertLines(first.text));
	else throw new BallastError('bad_command', `export: ${what} is ${files.length} files; say where with --to FOLDER`);
	for (const note of notes) terminal.err(inertLines(`note: ${note}\n`));
	return EXIT.ok;
}

function unknown(what: string): BallastError {
	const names = Object.keys(EXPORTS);
	const near = closest(what, names);
	const meant = near === undefined ? `there are ${orList(names)}` : `did you mean \`${near}\`?`;
	return new BallastError('bad_command', `export: \`${what}\` cannot be exported; ${meant}`);
}

function writeTo(folder: string, files: Exported['files'], terminal: Terminal): void {
	for (const { path, text } of files) {
		const file = join(folder, path);
		try {
			mkdirSync(dirname(file), { recursive: true });
			writeFileSync(file, text);
		} catch (error) {
			throw new BallastError('command_failed', `export: ${(error as Error).message}`);
		}
		terminal.out(inertLines(`${file}\n`));
	}
}

function rules({ alerts }: Config): Exported {
	const { text, left } = prometheusRules(alerts.rules, OPEN_CATALOGUE);
	const there = alerts.rules.filter(({ name }) => !left.includes(name));
	return {
		files: [
			{ path: RULES_FILE, text },
			{ path: 'ballast.tests.yml', text: promtoolTests(there, RULES_FILE) },
		],
		notes: left.length === 0 ? [] : [`left out, since their figures are not in /metrics: ${left.join(', ')}`],
	};
}

function alertmanager({ alerts, channels }: Config): Exported {
	const { text, left, secretFiles } = alertmanagerConfig(alerts.rules, channels);
	return {
		files: [{ path: 'alertmanager.yml', text }],
		notes: [
			...(left.length === 0 ? [] : [`left out, since Alertmanager has nothing of the kind: ${left.join(', ')}`]),
			...(secretFiles.length === 0 ? [] : [`put the secrets into ${secretFiles.join(', ')}`]),
		],
	};
}
