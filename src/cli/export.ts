import { alertmanagerConfig } from '../alerts/alertmanager-config.ts';
import { KNOWN_FIGURES } from '../alerts/known-figures.ts';
import { prometheusRules, promtoolTests } from '../alerts/prometheus-rules.ts';
import type { ParsedArguments } from '../config/arguments.ts';
import type { Config } from '../config/config.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inertLines } from '../core/inert.ts';
import { orList } from '../core/schema.ts';
import { EXIT } from './command.ts';
import { fileConfig } from './file-config.ts';
import type { Terminal } from './terminal.ts';

interface Exported {
	/** The file. */
	text: string;
	/** What it says of itself on standard error, a line each. */
	notes: string[];
}

/** What can be exported. */
const EXPORTS: Readonly<Record<string, (config: Config) => Exported>> = {
	'prometheus-rules': rules,
	'prometheus-tests': ({ alerts }) => ({ text: promtoolTests(alerts.rules, 'ballast.rules.yml'), notes: [] }),
	alertmanager,
};

/** `ballast export <what> [config]`. */
export async function exportFile(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const [what = '', path] = parsed.positionals;
	const write = Object.hasOwn(EXPORTS, what) ? EXPORTS[what] : undefined;
	if (write === undefined) {
		const names = Object.keys(EXPORTS);
		const near = closest(what, names);
		throw new BallastError(
			'bad_command',
			`export: \`${what}\` cannot be exported; ${near === undefined ? `there are ${orList(names)}` : `did you mean \`${near}\`?`}`,
		);
	}
	const { config } = await fileConfig(path);
	const { text, notes } = write(config);
	terminal.out(inertLines(text));
	for (const note of notes) terminal.err(inertLines(`note: ${note}\n`));
	return EXIT.ok;
}

function rules({ alerts }: Config): Exported {
	const { text, left } = prometheusRules(alerts.rules, KNOWN_FIGURES);
	return {
		text,
		notes: left.length === 0 ? [] : [`left out, since their figures are not in /metrics: ${left.join(', ')}`],
	};
}

function alertmanager({ alerts, channels }: Config): Exported {
	const { text, left, secretFiles } = alertmanagerConfig(alerts.rules, channels);
	return {
		text,
		notes: [
			...(left.length === 0 ? [] : [`left out, since Alertmanager has nothing of the kind: ${left.join(', ')}`]),
			...(secretFiles.length === 0 ? [] : [`put the secrets into ${secretFiles.join(', ')}`]),
		],
	};
}
