/** Options from flags, the environment and a file; flags count most, then the environment. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { AccountOptions } from './accounts.ts';
import { KNOB_NAMES, KNOBS, readKnobs, spellings } from './knobs.ts';
import type { SimulatorOptions } from './start-simulator.ts';

export const DEFAULT_PORT = 9480;

/** What is said wrong on the command line. */
export class UsageError extends Error {}

const PLAIN = {
	port: { type: 'string' },
	host: { type: 'string' },
	seed: { type: 'string' },
	'time-scale': { type: 'string' },
	keys: { type: 'string' },
	accounts: { type: 'string' },
	knobs: { type: 'string' },
	state: { type: 'string' },
	'public-url': { type: 'string' },
	help: { type: 'boolean' },
} as const;

/** undefined: help was asked for. Throws UsageError. */
export function readCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): SimulatorOptions | undefined {
	const flags = parseFlags(args);
	if (flags['help'] === true) return undefined;
	const said = (name: keyof typeof PLAIN): string | undefined => {
		const value = flags[name] ?? env[spellings(name).variable];
		return typeof value === 'string' ? value : undefined;
	};
	const accounts = accountsOf(said('accounts'), said('keys'));
	const [seed, host, stateFile, publicUrl] = [said('seed'), said('host'), said('state'), said('public-url')];
	return {
		port: numberOf('port', said('port') ?? String(DEFAULT_PORT)),
		timeScale: numberOf('time-scale', said('time-scale') ?? '1'),
		knobs: knobsOf(flags, env, said('knobs')),
		...(host !== undefined && { host }),
		...(seed !== undefined && { seed }),
		...(stateFile !== undefined && { stateFile }),
		...(publicUrl !== undefined && { publicUrl: publicUrl.replace(/\/+$/, '') }),
		...(accounts !== undefined && { accounts }),
	};
}

function parseFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
	// A knob that is true or false may stand alone.
	const knobs = Object.fromEntries(KNOB_NAMES.map((name) => [spellings(name).option, { type: 'string' as const }]));
	const bare = new Set(
		KNOB_NAMES.filter((name) => KNOBS[name].default === true || KNOBS[name].default === false).map(
			(name) => `--${spellings(name).option}`,
		),
	);
	const whole = args.map((arg, at) =>
		bare.has(arg) && !/^(?:true|false)$/.test(args[at + 1] ?? '') ? `${arg}=true` : arg,
	);
	try {
		return parseArgs({ args: whole, options: { ...PLAIN, ...knobs } }).values as Record<string, string | boolean>;
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}

function knobsOf(
	flags: Record<string, unknown>,
	env: NodeJS.ProcessEnv,
	file: string | undefined,
): NonNullable<SimulatorOptions['knobs']> {
	const values: Record<string, unknown> = file === undefined ? {} : (jsonOf(file) as Record<string, unknown>);
	for (const name of KNOB_NAMES) {
		const { option, variable } = spellings(name);
		const value = flags[option] ?? env[variable];
		if (value !== undefined) values[name] = value;
	}
	const { knobs, problems } = readKnobs(values);
	if (problems.length > 0) throw new UsageError(problems.join('; '));
	return knobs;
}

/** From a file of accounts, or from keys separated by commas: each an account of its own. */
function accountsOf(file: string | undefined, keys: string | undefined): AccountOptions[] | undefined {
	if (file !== undefined) {
		const accounts = jsonOf(file);
		if (Array.isArray(accounts) && accounts.every(isAccount)) return accounts;
		throw new UsageError('--accounts takes a file with a list of { "name": …, "keys": […] }');
	}
	const list = keys?.split(',').filter((key) => key !== '');
	return list?.map((key, at) => ({ name: `account-${at + 1}`, keys: [key] }));
}

function isAccount(value: unknown): value is AccountOptions {
	const { name, keys } = (value ?? {}) as Partial<AccountOptions>;
	return typeof name === 'string' && Array.isArray(keys) && keys.every((key) => typeof key === 'string');
}

/** JSON as it stands, or in a file. */
function jsonOf(text: string): unknown {
	try {
		return JSON.parse(/^\s*[[{]/.test(text) ? text : readFileSync(text, 'utf8'));
	} catch (error) {
		throw new UsageError(`${text.slice(0, 80)}: ${error instanceof Error ? error.message : error}`);
	}
}

function numberOf(name: string, text: string): number {
	const number = Number(text);
	if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
	throw new UsageError(`--${name} takes a number`);
}

export function usageText(): string {
	const lines = KNOB_NAMES.map((name) => `  --${spellings(name).option.padEnd(28)} ${KNOBS[name].about}`);
	return `A stand-in for the API of HeyGen.

  npm run heygen-simulator -- [--port ${DEFAULT_PORT}] [--host 127.0.0.1] [--seed 1] [--time-scale 60]
      [--keys one,other | --accounts FILE] [--state FILE] [--public-url URL] [--knobs FILE] [knobs]

${lines.join('\n')}
`;
}
