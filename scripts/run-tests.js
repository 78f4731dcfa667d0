/**
 * `npm test`: everything, from fast to slow, with a table at the end; `--quick` leaves out what starts the
 * program. A step that fails does not keep the others from running. The last line is `N passed, N failed`,
 * where each step without tests of its own counts as one; the exit code is 1 when anything failed.
 *
 * Tests that start the program look at the clock of a machine that may have more to do. So where no more than
 * `UNSTEADY_FILES` of their files fail, these are run once more, alone; what passes then is no failure, and is named as
 * unsteady: such a test wants mending all the same.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installTestPeers } from './install-peers.js';

const root = join(import.meta.dirname, '..');
const tool = (name) => join(root, 'node_modules', '.bin', name);
const quick = process.argv.includes('--quick');
/** Most minutes for one step: a hung test must not hold the run for ever. */
const LIMIT_MINUTES = 10;
/**
 * They bound times more closely than a busy machine keeps them, or keep both cores busy themselves: nothing runs beside
 * them. All others of test/ wait most of the time, for windows, cool-downs and programs that start.
 */
const ALONE = [
	'test/e2e/{adaptive,back-pressure,connect-limit,time-limits}.test.ts',
	'test/faults/{all-down,answers,pool-lost,slow,slow-instance}.test.ts',
	'test/conformance/prometheus-scrape.test.ts',
	'examples/load.test.ts',
];
/** How many of the others run at a time. */
const BESIDE = 3;
/** They start nothing, send no signal and leave nothing in `process`: two processes for all of them. */
const PARTS =
	'{alerts,app-cache,balancing,cache,cdn,config,core,deploy,gateway,health,logs,metrics,otlp,resilience,scaling,store,traces,wire}';
/** But for these, which start threads. */
const OWN_PROCESS = [
	'src/cache/memory/memory-threads.test.ts',
	'src/core/service-cells.test.ts',
	'src/logs/record-ring.test.ts',
	'src/resilience/{gcra-threads,node-pressure}.test.ts',
];
/** Where more fail at once, it is not chance. */
const UNSTEADY_FILES = 3;
/** Names of tests that passed the second time only. */
const unsteady = [];

/** What is kept between processes and runs: most of the time of a small test file goes into compiling what it imports. */
const kept = join(root, 'node_modules', '.cache', 'ballast-tests');
const compiled = join(kept, 'compiled');
const incremental = ['--incremental', '--tsBuildInfoFile', join(kept, 'types.tsbuildinfo')];

const steps = [
	{ name: 'lint', command: [tool('biome'), 'check', '--error-on-warnings', '.'] },
	{ name: 'promises', command: [tool('oxlint'), '--type-aware', '.'] },
	{ name: 'types', command: [tool('tsc'), '-p', '.', ...(quick ? incremental : [])] },
	{ name: 'imports', command: [process.execPath, 'scripts/check-imports.ts'] },
	{ name: 'docs', command: [process.execPath, 'scripts/check-docs.ts'] },
	// Most of the time of a test goes into what it imports: those that need no process of their own share it.
	{ name: 'parts', tests: [`src/${PARTS}/**/*.test.ts`], except: OWN_PROCESS, processes: 2, minutes: 5 },
	{
		name: 'unit',
		tests: [
			`src/!(${PARTS.slice(1, -1).replaceAll(',', '|')})/**/*.test.ts`,
			...OWN_PROCESS,
			'{scripts,simulators}/**/*.test.ts',
		],
		concurrency: 2,
		minutes: 5,
	},
	{
		name: 'side by side',
		tests: ['{test,examples,benchmarks}/**/*.test.ts'],
		except: ALONE,
		concurrency: BESIDE,
		slow: true,
		minutes: 15,
	},
	{ name: 'alone', tests: ALONE, concurrency: 1, slow: true, minutes: 15 },
];

let interrupted = false;
process.on('SIGINT', () => {
	interrupted = true;
});

process.on('exit', () => rmSync(join(tmpdir(), `ballast-test-state-${process.pid}`), { recursive: true, force: true }));
if (!quick) console.log(`peers: ${installTestPeers()}`);
const results = [];
const began = performance.now();
// None of the checks needs another: side by side they take half the time.
results.push(...(await Promise.all(steps.filter(({ tests }) => tests === undefined).map(timed(check)))));
const beside = [];
for (const step of steps) {
	if (interrupted || step.tests === undefined || (quick && step.slow)) continue;
	if (step.processes !== undefined) {
		beside.push(timed(test)(step));
		continue;
	}
	console.log(`\n── ${step.name}`);
	results.push(...(await Promise.all([...beside.splice(0), timed(test)(step)])));
}
if (!interrupted) await tryAgain();
summarise();

function timed(work) {
	return async (step) => {
		const started = performance.now();
		const result = await work(step);
		return { name: step.name, ...result, seconds: (performance.now() - started) / 1000 };
	};
}

async function check({ name, command, minutes }) {
	const lines = [];
	const code = await run(command, { minutes, lines });
	console.log(`\n── ${name}\n${lines.join('')}`.trimEnd());
	return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skips: [], files: [] };
}

/** The files of steps that start the program once more, where few failed. */
async function tryAgain() {
	const slow = new Set(steps.filter((step) => step.slow).map(({ name }) => name));
	const failing = results.flatMap((result) =>
		result.files.filter(({ failed }) => failed > 0).map((file) => ({ result, file, slow: slow.has(result.name) })),
	);
	if (failing.length > UNSTEADY_FILES || failing.some((each) => !each.slow)) return;
	for (const { result, file } of failing) {
		console.log(`\n── once more: ${file.file}`);
		const again = await runFiles([file.file], { concurrency: 1 });
		if (again.failed > 0) continue;
		unsteady.push(...file.failures);
		result.failed -= file.failed;
		result.passed += file.failed;
		file.failures = [];
	}
}

/** Runs the files of a step. */
async function test({ tests, except = [], processes, ...how }) {
	const files = globSync(tests, { cwd: root, exclude: ['**/node_modules/**', '**/fixtures/**', ...except] }).sort();
	if (files.length === 0) {
		console.log(`no file matches ${tests.join(' ')}`);
		return { passed: 0, failed: 1, skips: [], files: [] };
	}
	if (processes === undefined) return runFiles(files, how);
	// Neighbours are alike: so each process has as much to do as the others.
	const shares = Array.from({ length: processes }, (_, share) => files.filter((_, at) => at % processes === share));
	const results = await Promise.all(shares.map((share) => runFiles(share, { ...how, oneProcess: true })));
	return {
		passed: results.reduce((sum, { passed }) => sum + passed, 0),
		failed: results.reduce((sum, { failed }) => sum + failed, 0),
		skips: results.flatMap(({ skips }) => skips),
		files: results.flatMap((result) => result.files),
	};
}

/** What the runner itself reports counts, and a run that breaks off counts as one failure. */
async function runFiles(files, { name, concurrency, minutes, oneProcess = false }) {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-test-'));
	const counts = join(folder, 'counts.json');
	try {
		const reporters = ['spec', 'stdout', join(root, 'scripts', 'count-reporter.js'), counts];
		const options = reporters.map((value, at) => `--test-reporter${at % 2 === 0 ? '' : '-destination'}=${value}`);
		const how = oneProcess ? '--test-isolation=none' : `--test-concurrency=${concurrency}`;
		// What runs beside others is not to be mixed with them.
		const lines = oneProcess ? [] : undefined;
		const code = await run([process.execPath, '--test', how, ...options, ...files], { minutes, compiled, lines });
		if (lines !== undefined) console.log(`\n── ${name}\n${lines.join('')}`.trimEnd());
		const { passed, failed, cancelled, skips, files: seen } = readCounts(counts);
		const broken = code !== 0 && failed + cancelled === 0 ? 1 : 0;
		return { passed, failed: failed + cancelled + broken, skips, files: seen };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function readCounts(file) {
	try {
		return JSON.parse(readFileSync(file, 'utf8'));
	} catch {
		return { passed: 0, failed: 0, cancelled: 0, skips: [], files: [] };
	}
}

/**
 * The exit code; 1 when it was ended by a signal or took too long. `lines`: gets what it prints; `compiled`: the
 * folder where Node keeps compiled code.
 */
function run([command, ...args], { minutes = LIMIT_MINUTES, lines = undefined, compiled = undefined }) {
	return new Promise((resolve) => {
		// node:test marks the processes that it starts; run from within a test, ours are no part of it.
		const { NODE_TEST_CONTEXT: _, STATE_DIRECTORY: __, ...env } = process.env;
		// What a Ballast that is tried keeps is none of this user's.
		if (compiled !== undefined) env.NODE_COMPILE_CACHE ??= compiled;
		env.XDG_STATE_HOME = join(tmpdir(), `ballast-test-state-${process.pid}`);
		const child = spawn(command, args, {
			cwd: root,
			env,
			stdio: ['ignore', ...Array(2).fill(lines === undefined ? 'inherit' : 'pipe')],
		});
		// Not to be mixed with those of others.
		for (const stream of [child.stdout, child.stderr])
			stream?.setEncoding('utf8').on('data', (text) => lines.push(text));
		const timer = setTimeout(() => {
			console.error(`${command} takes longer than ${minutes} minutes and is ended`);
			child.kill('SIGTERM');
			setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
		}, minutes * 60_000);
		child.on('error', (error) => {
			console.error(error.message);
			clearTimeout(timer);
			resolve(1);
		});
		child.on('close', (code) => {
			clearTimeout(timer);
			resolve(code ?? 1);
		});
	});
}

function summarise() {
	const skips = results.flatMap(({ skips }) => skips);
	// A skip has to say why.
	const mute = skips.filter(({ why }) => typeof why !== 'string' || why === '');
	console.log(`\n${'step'.padEnd(12)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'seconds'.padStart(9)}`);
	for (const { name, passed, failed, seconds } of results) {
		console.log(
			`${name.padEnd(12)}${String(passed).padStart(8)}${String(failed).padStart(8)}${seconds.toFixed(1).padStart(9)}`,
		);
	}
	const files = results.flatMap((result) => result.files);
	const slowest = [...files].sort((one, other) => other.ms - one.ms).slice(0, 8);
	console.log(`slowest: ${slowest.map(({ file, ms }) => `${file} ${(ms / 1000).toFixed(0)} s`).join(', ')}`);
	for (const name of files.flatMap(({ failures }) => failures)) console.log(`failed: ${name}`);
	for (const name of unsteady) console.log(`unsteady, failed and then passed alone: ${name}`);
	for (const { name, why } of skips) console.log(`skipped: ${name}: ${why === true || !why ? 'no reason given' : why}`);
	const failed = results.reduce((sum, result) => sum + result.failed, mute.length);
	const passed = results.reduce((sum, result) => sum + result.passed, 0);
	const seconds = (performance.now() - began) / 1000;
	if (interrupted) console.log('broken off');
	process.exitCode = interrupted ? 130 : failed === 0 && passed > 0 ? 0 : 1;
	console.log(`after ${seconds.toFixed(0)} s${skips.length === 0 ? '' : `, ${skips.length} skipped`}`);
	console.log(`${passed} passed, ${failed} failed`);
}
