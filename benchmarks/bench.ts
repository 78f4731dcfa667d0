/** Measures Ballast and its peers in one run; see `docs/performance.md` for the method, `--help` for the options. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine, machineWarnings, pinSelf } from './measure/machine.ts';
import { startUpstream } from './measure/upstream.ts';
import { type Options, readOptions, type ScenarioName, USAGE } from './options.ts';
import { ALL, PEERS } from './peers/all.ts';
import { versionOf } from './peers/starting.ts';
import { writePage } from './report/page.ts';
import { renderTable } from './report/table.ts';
import { targetTable } from './report/targets.ts';
import { idle } from './scenarios/idle.ts';
import { type Bench, type Figures, LOAD_CORE, type Outcome } from './scenarios/scenario.ts';
import { stability } from './scenarios/stability.ts';
import { start } from './scenarios/start.ts';
import { throughput } from './scenarios/throughput.ts';
import { workers } from './scenarios/workers.ts';

const page = join(import.meta.dirname, '..', 'docs', 'performance.md');

function readArguments(argv: readonly string[]): Options {
	if (argv.includes('--help')) {
		console.log(USAGE);
		process.exit(0);
	}
	try {
		return readOptions(
			argv,
			ALL.map((peer) => peer.name),
		);
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${USAGE}`);
		process.exit(2);
	}
}

function requirePrograms(): void {
	for (const [command, flag] of [
		['taskset', '--version'],
		['wrk', '-v'],
		['nginx', '-v'],
		['curl', '--version'],
	] as const) {
		if (versionOf(command, flag) !== undefined) continue;
		console.error(
			`${command} is not installed, and nothing can be measured without it (apt-get install util-linux wrk nginx curl).`,
		);
		process.exit(1);
	}
}

function runScenario(bench: Bench, name: ScenarioName): Promise<Outcome> {
	switch (name) {
		case 'workers':
			return workers(bench);
		case 'idle':
			return idle(bench);
		case 'start':
			return start(bench);
		case 'rolling':
		case 'reloads':
		case 'upgrades':
		case 'core-kill':
			return stability(bench, name);
		default:
			return throughput(bench, name);
	}
}

/** One line a peer: which version, or that it is left out. */
function peerLines(options: Options): string[] {
	const asked = options.peers === undefined ? PEERS : ALL.filter((peer) => options.peers?.includes(peer.name));
	return asked.map((peer) => {
		const version = peer.version();
		return version === undefined ? `${peer.name}: not installed, skipped` : `${peer.name} ${version}`;
	});
}

async function measureAll(options: Options, folder: string): Promise<string> {
	const sections: string[] = [];
	const tell = (text: string) => {
		console.log(text);
		sections.push(text);
	};
	const chosen = options.peers === undefined ? PEERS : ALL.filter((peer) => options.peers?.includes(peer.name));
	const peers = chosen.filter((peer) => peer.version() !== undefined);
	const upstream = await startUpstream(folder, LOAD_CORE);
	const { quick, rounds, seconds } = options;
	const say = (line: string) => console.error(`  ${line}`);
	const bench: Bench = { folder, upstreams: upstream.ports, peers, quick, rounds, seconds, say };
	const figures: Figures = {};
	try {
		for (const name of options.scenarios) {
			const outcome = await runScenario(bench, name);
			Object.assign(figures, outcome.figures);
			for (const table of outcome.tables) tell(renderTable(table));
			if (outcome.notes.length > 0) tell(`${outcome.notes.map((note) => `- ${note}`).join('\n')}\n`);
		}
	} finally {
		await upstream.stop();
	}
	tell(renderTable(targetTable(figures)));
	return sections.join('\n');
}

async function main(): Promise<void> {
	const argv = process.argv.slice(2);
	const options = readArguments(argv);
	requirePrograms();
	const heading = [
		`${new Date().toISOString().slice(0, 10)}, \`node benchmarks/bench.ts ${argv.join(' ')}\`, on ${describeMachine()}.`,
		`Peers: ${peerLines(options).join('; ')}; load: wrk ${versionOf('wrk', '-v')}.`,
		...machineWarnings(),
	].join('\n');
	console.log(`${heading}\n`);
	pinSelf(LOAD_CORE);
	const folder = await mkdtemp(join(tmpdir(), 'ballast-bench-'));
	process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
	const from = performance.now();
	const tables = await measureAll(options, folder);
	const took = `The run took ${((performance.now() - from) / 60_000).toFixed(1)} minutes.`;
	console.log(took);
	if (options.write) await writePage(page, `${heading}\n${took}\n\n${tables}`);
}

await main();
