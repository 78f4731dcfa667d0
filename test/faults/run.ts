/**
 * `npm run faults`: runs the tests of this folder in their longer versions and prints what they measured.
 * `--quick`: the versions of `npm test`; `--write`: puts the table into docs/faults.md; `--fault 3 --fault pool`: only
 * these, and only their rows are written.
 * Ends with 1 when a criterion is not met, or a fault was not judged at all.
 */
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, machineWarnings } from '../../benchmarks/measure/machine.ts';
import type { Finding } from './judge.ts';
import { FAULTS, type Fault, ONLY_LONG } from './plan.ts';
import { cellsOf, markdown, mergeTable, replaceTable } from './table.ts';

const root = join(import.meta.dirname, '..', '..');
const page = join(root, 'docs', 'faults.md');

interface Options {
	quick: boolean;
	write: boolean;
	faults: Fault[];
}

function readOptions(): Options {
	const { values } = parseArgs({
		options: {
			quick: { type: 'boolean', default: false },
			write: { type: 'boolean', default: false },
			fault: { type: 'string', multiple: true, default: [] },
		},
	});
	const known = Object.keys(FAULTS);
	const unknown = values.fault.find((fault) => !known.includes(fault));
	if (unknown !== undefined) throw new Error(`there is no fault ${unknown}; known: ${known.join(', ')}`);
	return { ...values, faults: (values.fault.length > 0 ? values.fault : known) as Fault[] };
}

/** Runs the tests; resolves to what they found, and whether all of them passed. */
async function measure({ quick, faults }: Options): Promise<{ findings: Finding[]; passed: boolean }> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-faults-'));
	const report = join(folder, 'findings.jsonl');
	try {
		writeFileSync(report, '');
		const only =
			faults.length < Object.keys(FAULTS).length ? [`--test-name-pattern=^fault (${faults.join('|')}):`] : [];
		// `npm test` does not even load those that have no shorter version.
		const wanted = quick ? 'test/faults/*.test.ts' : 'test/faults/*.{test,long}.ts';
		const files = globSync(wanted, { cwd: root }).sort();
		const child = spawn(process.execPath, ['--test', '--test-concurrency=1', ...only, ...files], {
			cwd: root,
			stdio: 'inherit',
			env: { ...process.env, BALLAST_FAULTS: quick ? 'short' : 'long', BALLAST_FAULTS_REPORT: report },
		});
		const code = await new Promise((resolve) => child.once('exit', resolve));
		const lines = readFileSync(report, 'utf8').split('\n').filter(Boolean);
		return { findings: lines.map((line) => JSON.parse(line) as Finding), passed: code === 0 };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function heading(options: Options, seconds: number): string {
	const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
	const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim();
	const date = new Date().toISOString().slice(0, 10);
	const how = `npm run faults -- ${process.argv.slice(2).join(' ')}`.replace(/ -- $/, '');
	const took = `${(seconds / 60).toFixed(1)} minutes${options.quick ? ', the shorter versions' : ''}`;
	return [
		`${date}, \`${how}\` in ${took}: Ballast ${version}${commit ? ` (${commit})` : ''} on ${describeMachine()}.`,
		...machineWarnings(),
	].join('\n');
}

/** Plain JavaScript, for any Node.js: it has no types. */
async function peers(): Promise<string> {
	const module = String(new URL('../../scripts/install-peers.js', import.meta.url));
	return ((await import(module)) as { installTestPeers: () => string }).installTestPeers();
}

const options = readOptions();
console.log(`peers: ${await peers()}`);
const started = performance.now();
const { findings, passed } = await measure(options);
const asked = options.faults.filter((fault) => !options.quick || !ONLY_LONG.includes(fault));
const notJudged = asked.filter((fault) => !findings.some((finding) => finding.fault === fault));
const notMet = findings.filter(({ verdict }) => verdict === 'not met').length;
const table = markdown(cellsOf(findings));
const about = heading(options, (performance.now() - started) / 1000);
console.log(`\n${about}\n\n${table}`);
for (const fault of notJudged) console.log(`fault ${fault} (${FAULTS[fault]}) was not judged`);
if (options.write) {
	const text = readFileSync(page, 'utf8');
	const isPart = options.faults.length < Object.keys(FAULTS).length;
	const written = isPart
		? mergeTable(text, options.faults, { about, table })
		: replaceTable(text, `${about}\n\n${table}`);
	writeFileSync(page, written);
}
process.exitCode = passed && notMet === 0 && notJudged.length === 0 ? 0 : 1;
console.log(`${findings.length} criteria, ${notMet} not met`);
