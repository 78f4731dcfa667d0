/**
 * `npm run bench:cache`: what a hit and a miss of the response cache cost, beside nginx' proxy_cache and Varnish in one
 * run; what share of a skewed load is answered; and what a crowd for one key asks of its origin. Ends with 1 when a
 * target is missed. See `--help`.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crowd } from './cache/crowd.ts';
import { type Cost, type CostPlan, hitCost, missCost, workersCost } from './cache/hit-cost.ts';
import { hitRatios } from './cache/hit-ratio.ts';
import { type Origin, type SizeName, startOrigin } from './cache/origin.ts';
import { VARNISH } from './cache/peers.ts';
import { webLength } from './cache/zipf-trace.ts';
import { describeMachine, machineWarnings, pinSelf } from './measure/machine.ts';
import { versionOf } from './peers/starting.ts';
import { writePage } from './report/page.ts';
import { renderTable } from './report/table.ts';
import { type Bench, LOAD_CORE } from './scenarios/scenario.ts';
import { conclude, type Line, readable } from './stability/verdict.ts';

const PARTS = ['hit', 'miss', 'workers', 'ratio', 'crowd'] as const;
type Part = (typeof PARTS)[number];

const USAGE = `node benchmarks/cache.ts [--only a,b] [--quick] [--write]
  --only     parts, comma-separated: ${PARTS.join(', ')}
  --quick    half a minute: one size, fewer and shorter rounds
  --write    keep the tables in docs/performance.md`;

const MARKERS = {
	begin: '<!-- cache:begin (written by `npm run bench:cache -- --write`) -->',
	end: '<!-- cache:end -->',
};
const page = join(import.meta.dirname, '..', 'docs', 'performance.md');

interface Options {
	readonly parts: readonly Part[];
	readonly quick: boolean;
	readonly write: boolean;
}

/** @throws an Error whose message is for the user */
function readOptions(argv: readonly string[]): Options {
	const { values } = parseArgs({
		args: [...argv],
		options: {
			only: { type: 'string', default: PARTS.join(',') },
			quick: { type: 'boolean', default: false },
			write: { type: 'boolean', default: false },
		},
	});
	const parts = values.only.split(',').map((name) => {
		const part = PARTS.find((one) => one === name);
		if (part === undefined) throw new Error(`--only ${name}: expected some of ${PARTS.join(', ')}`);
		return part;
	});
	return { parts, quick: values.quick, write: values.write };
}

interface Told {
	readonly text: string[];
	readonly lines: Line[];
}

function tell(told: Told, { table, lines, notes }: Cost): void {
	const text = [renderTable(table), ...notes.map((note) => `- ${note}`)].join('\n');
	console.log(text);
	told.text.push(text);
	told.lines.push(...lines);
}

async function measurePart(part: Part, of: { bench: Bench; origin: Origin; told: Told }): Promise<void> {
	const { bench, origin, told } = of;
	const { quick } = bench;
	const plan = (rounds: number, seconds: number): CostPlan => (quick ? { rounds: 3, seconds: 1 } : { rounds, seconds });
	switch (part) {
		case 'hit': {
			const sizes: readonly SizeName[] = quick ? ['1k'] : ['1k', '10k', '100k'];
			for (const size of sizes) tell(told, await hitCost(bench, origin, size, plan(5, 1)));
			return;
		}
		case 'miss':
			return tell(told, await missCost(bench, origin, plan(7, 2)));
		case 'workers':
			return tell(told, await workersCost(bench, plan(7, 1)));
		case 'ratio':
			told.lines.push(...hitRatios(quick ? 10_000 : 100_000, 'one size', () => 794));
			told.lines.push(...hitRatios(quick ? 10_000 : 20_000, 'web sizes', webLength));
			return;
		case 'crowd':
			told.lines.push(...(await crowd(bench, quick ? 1 : 3)));
	}
}

async function measureAll({ parts, quick }: Options, told: Told): Promise<void> {
	pinSelf(LOAD_CORE);
	const folder = await mkdtemp(join(tmpdir(), 'ballast-bench-'));
	process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
	const origin = await startOrigin(folder, LOAD_CORE);
	const say = (line: string) => console.error(`  ${line}`);
	const bench: Bench = {
		folder,
		upstreams: [origin.port],
		peers: [],
		quick,
		rounds: undefined,
		seconds: undefined,
		say,
	};
	try {
		for (const part of parts) await measurePart(part, { bench, origin, told });
	} finally {
		await origin.stop();
	}
}

async function main(): Promise<void> {
	const argv = process.argv.slice(2);
	if (argv.includes('--help')) return console.log(USAGE);
	let options: Options;
	try {
		options = readOptions(argv);
	} catch (error) {
		console.error(`${(error as Error).message}\n\n${USAGE}`);
		process.exitCode = 2;
		return;
	}
	const command = `npm run bench:cache${argv.length > 0 ? ` -- ${argv.join(' ')}` : ''}`;
	const peers = `nginx ${versionOf('nginx', '-v') ?? 'not installed'}, Varnish ${VARNISH.version() ?? 'not installed'}`;
	const heading = [
		`${new Date().toISOString().slice(0, 10)}, \`${command}\`, on ${describeMachine()}; ${peers}.`,
		...machineWarnings(),
	].join(' ');
	console.log(`${heading}\n`);
	const told: Told = { text: [], lines: [] };
	await conclude('cache', async () => {
		await measureAll(options, told);
		return told.lines;
	});
	if (!options.write || told.lines.length === 0) return;
	const verdicts = told.lines.map((line) => `- ${readable(line)}`).join('\n');
	await writePage(page, [heading, ...told.text, verdicts].join('\n\n'), MARKERS);
}

await main();
