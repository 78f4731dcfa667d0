/** The command line of `bench.ts`. */
import { parseArgs } from 'node:util';

export const SCENARIOS = [
	'browser',
	'bare',
	'64k',
	'10m',
	'upload',
	'newconn',
	'workers',
	'idle',
	'start',
	'rolling',
	'reloads',
	'upgrades',
	'core-kill',
] as const;

export type ScenarioName = (typeof SCENARIOS)[number];

const QUICK: readonly ScenarioName[] = ['browser', '10m', 'workers', 'idle', 'start'];

export interface Options {
	readonly scenarios: readonly ScenarioName[];
	/** Names of the peers to measure; undefined: all. */
	readonly peers: readonly string[] | undefined;
	/** Interleaved rounds of a scenario; undefined: what the scenario asks for. */
	readonly rounds: number | undefined;
	/** Seconds of load of a peer and round; undefined: what the scenario asks for. */
	readonly seconds: number | undefined;
	readonly quick: boolean;
	readonly write: boolean;
}

export const USAGE = `node benchmarks/bench.ts [--only a,b] [--rounds N] [--seconds N] [--quick] [--write]
  --only     scenarios (${SCENARIOS.join(', ')})
             or peers, comma-separated; both kinds may be mixed
  --rounds   interleaved rounds of each scenario
  --seconds  seconds of load for each peer and round
  --quick    about two minutes: fewer scenarios, rounds and connections
  --write    keep the tables in docs/performance.md`;

/** Reads the arguments. Throws an Error whose message is for the user when they are not valid. */
export function readOptions(argv: readonly string[], peerNames: readonly string[]): Options {
	const { values } = parseArgs({
		args: [...argv],
		options: {
			only: { type: 'string' },
			rounds: { type: 'string' },
			seconds: { type: 'string' },
			quick: { type: 'boolean', default: false },
			write: { type: 'boolean', default: false },
		},
	});
	const scenarios: ScenarioName[] = [];
	const peers: string[] = [];
	for (const name of (values.only ?? '').split(',').filter((text) => text !== '')) {
		if (isScenario(name)) scenarios.push(name);
		else if (peerNames.includes(name)) peers.push(name);
		else
			throw new Error(
				`--only ${name}: neither a scenario (${SCENARIOS.join(', ')}) nor a peer (${peerNames.join(', ')})`,
			);
	}
	return {
		scenarios: scenarios.length > 0 ? scenarios : values.quick ? QUICK : SCENARIOS,
		peers: peers.length > 0 ? peers : undefined,
		rounds: wholeNumber('--rounds', values.rounds),
		seconds: wholeNumber('--seconds', values.seconds),
		quick: values.quick,
		write: values.write,
	};
}

function isScenario(name: string): name is ScenarioName {
	return (SCENARIOS as readonly string[]).includes(name);
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${option} ${text}: a whole number from 1 to 9999 is accepted`);
	return Number(text);
}
