/** The command line: which command is meant, and which exit code its end becomes. */
import { readFileSync } from 'node:fs';
import { GLOBAL_OPTIONS, type ParsedArguments, parseArguments } from '../config/arguments.ts';
import { BallastError } from '../core/errors.ts';
import { inertLines } from '../core/inert.ts';
import { EXIT, type Run } from './command.ts';
import { findCommand } from './commands.ts';
import { commandHelp, help, overview, unknownCommand } from './help.ts';
import { jsonText } from './json-text.ts';
import { processTerminal, type Terminal } from './terminal.ts';

/** What carries each command out, loaded when it is called. `up` and `run` are carried out by bin/ballast.js. */
const RUNS: Record<string, () => Promise<Run>> = {
	check: async () => (await import('./check.ts')).check,
	print: async () => (await import('./print.ts')).print,
	diff: async () => (await import('./diff.ts')).diff,
	explain: async () => (await import('./explain.ts')).explain,
	export: async () => (await import('./export.ts')).exportFiles,
	status: async () => (await import('./status.ts')).status,
	top: async () => (await import('./top.ts')).top,
	logs: async () => (await import('./logs.ts')).logs,
	events: async () => (await import('./logs.ts')).events,
	metrics: async () => (await import('./metrics.ts')).metrics,
	alerts: async () => (await import('./alerts.ts')).alerts,
	scaling: async () => (await import('./scaling.ts')).scaling,
	review: async () => (await import('./review.ts')).review,
	jobs: async () => (await import('./jobs.ts')).jobs,
	purge: async () => (await import('./purge.ts')).purge,
	profile: async () => (await import('./profile.ts')).profile,
	simulate: async () => (await import('./simulate.ts')).simulate,
	help: async () => help,
};
for (const name of ['restart', 'reload', 'scale', 'drain', 'undrain', 'deploy', 'stop', 'upgrade'] as const) {
	RUNS[name] = async () => (await import('./operation.ts')).operation(name);
}

/** Carries a command line out (without the program's name) and gives the exit code: 0 ok, 1 failed, 2 bad usage or configuration, 3 not running. */
export async function main(argv: string[], terminal: Terminal = processTerminal()): Promise<number> {
	try {
		return await dispatch(argv, terminal);
	} catch (error) {
		return asJson(argv) ? reportJson(error, terminal) : report(error, terminal);
	}
}

async function dispatch(argv: string[], terminal: Terminal): Promise<number> {
	const at = commandAt(argv);
	const name = argv[at];
	if (name === undefined) return withoutCommand(argv, terminal);
	const command = findCommand(name) ?? unknownCommand(name);
	const behind = argv.slice(at + 1);
	const terminator = behind.indexOf('--');
	const options = [...argv.slice(0, at), ...(terminator < 0 ? behind : behind.slice(0, terminator))];
	// Asking for help is never wrong, whatever else stands there.
	if (options.includes('--help') || options.includes('-h')) {
		terminal.out(commandHelp(command));
		return EXIT.ok;
	}
	const parsed = parseArguments(command.arguments, [...argv.slice(0, at), ...behind]);
	const load = RUNS[name];
	if (load === undefined) throw new BallastError('bad_command', `write \`${name}\` first: ballast ${name} …`);
	return await (await load())(parsed, terminal);
}

function withoutCommand(argv: string[], terminal: Terminal): number {
	if (argv.includes('--version') || argv.includes('-v')) {
		terminal.out(`${version()}\n`);
		return EXIT.ok;
	}
	const known = [...GLOBAL_OPTIONS, { name: 'version', short: 'v', text: '' }];
	const parsed: ParsedArguments = parseArguments({ name: 'ballast', positionals: [], options: known }, argv);
	terminal.out(overview());
	return argv.length === 0 || parsed.switches.has('help') ? EXIT.ok : EXIT.usage;
}

/** Where the command stands: global options may come before it. */
function commandAt(argv: readonly string[]): number {
	let at = 0;
	while (argv[at]?.startsWith('-')) at += argv[at] === '--socket' || argv[at] === '--name' ? 2 : 1;
	return at;
}

function report(error: unknown, terminal: Terminal): number {
	if (!(error instanceof BallastError)) {
		const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
		terminal.err(`error: ${inertLines(text)}\nThis is a fault in Ballast; please report it with the lines above.\n`);
		return EXIT.failed;
	}
	terminal.err(`error: ${inertLines(error.message)}\n`);
	return exitCode(error);
}

function reportJson(error: unknown, terminal: Terminal): number {
	const [code, message] = error instanceof BallastError ? [error.code, error.message] : ['internal', String(error)];
	terminal.out(`${jsonText({ ok: false, code, message })}\n`);
	return error instanceof BallastError ? exitCode(error) : EXIT.failed;
}

function exitCode({ code }: BallastError): number {
	if (code === 'not_running') return EXIT.notRunning;
	return code === 'bad_command' || code === 'config_invalid' || code === 'config_unreadable' ? EXIT.usage : EXIT.failed;
}

function asJson(argv: readonly string[]): boolean {
	const end = argv.indexOf('--');
	return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** The version of this program, from its package.json: two folders up, or three where it is compiled. */
export function version(): string {
	for (const path of ['../../package.json', '../../../package.json']) {
		try {
			const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
			if (name === 'ballast') return version;
		} catch {}
	}
	return 'unknown';
}
