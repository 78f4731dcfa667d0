/**
 * `npm test`: everything, from fast to slow, with a table at the end; `--quick` leaves out what starts the
 * program. A step that fails does not keep the others from running. The last line is `N passed, N failed`,
 * where each step without tests of its own counts as one; the exit code is 1 when anything failed.
 *
 * Tests that start the program look at the clock of a machine that may have more to do. So where no more than
 * `UNSTEADY_FILES` of their files fail, these are run once more, alone; what passes then is no failure, and is named as
 * unsteady: such a test wants mending all the same.
 */
import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installTestPeers } from './install-peers.js';
import { root, run, state } from './testing/run-command.js';
import { kept, runFile, runFiles } from './testing/test-files.js';

const tool = (name) => join(root, 'node_modules', '.bin', name);
const quick = process.argv.includes('--quick');
/**
 * Minutes from the start after which no further file of a slow step begins, and after which none is run once more: the
 * whole run keeps to 20 minutes on a slow machine too. What was left out then is named as skipped, with this as its reason.
 */
const LAST_BEGIN = 14.5;
const LAST_AGAIN = 16;
/** What is still running then is ended, as failed. */
const LAST_END = 18;
/** Most minutes for one file of a slow step. */
const FILE_MINUTES = 4;
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
/** In this order: should the time not be enough for all, what is run is what says most. */
const SLOW = [
	'test/{docs,package,keeper}/**/*.test.ts',
	'examples/**/*.test.ts',
	'test/e2e/**/*.test.ts',
	'test/conformance/**/*.test.ts',
	'test/!(faults)/**/*.test.ts',
	'{test,benchmarks}/**/*.test.ts',
];
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
const UNSTEADY_FILES = 5;
/** Names of tests that passed the second time only. */
const unsteady = [];

const incremental = ['--incremental', '--tsBuildInfoFile', join(kept, 'types.tsbuildinfo')];

const steps = [
	{ name: 'lint', command: [tool('biome'), 'check', '--error-on-warnings', '.'] },
	{ name: 'promises', command: [tool('oxlint'), '--type-aware', '.'] },
	{ name: 'types', command: [tool('tsc'), '-p', '.', ...(quick ? incremental : [])] },
	{ name: 'imports', command: [process.execPath, 'scripts/check-imports.ts'] },
	{ name: 'docs', command: [process.execPath, 'scripts/check-docs.ts'] },
	// Most of the time of a test goes into what it imports: those that need no process of their own share it.
	{ name: 'parts', tests: [`src/${PARTS}/**/*.test.ts`], except: OWN_PROCESS, processes: 2, minutes: 8 },
	{
		name: 'unit',
		tests: [
			`src/!(${PARTS.slice(1, -1).replaceAll(',', '|')})/**/*.test.ts`,
			...OWN_PROCESS,
			'{scripts,simulators}/**/*.test.ts',
		],
		concurrency: 2,
		minutes: 8,
	},
	{ name: 'alone', tests: ALONE, concurrency: 1, slow: true },
	{ name: 'side by side', tests: SLOW, except: ALONE, concurrency: BESIDE, slow: true },
];

let interrupted = false;
process.on('SIGINT', () => {
	interrupted = true;
});

process.on('exit', () => rmSync(state, { recursive: true, force: true }));
if (!quick) console.log(`peers: ${installTestPeers()}`);
const results = [];
const began = performance.now();
// None of the checks needs another: side by side they take half the time.
results.push(...(await Promise.all(steps.filter(({ tests }) => tests === undefined).map(timed(check)))));
results.push(everyFileHasItsStep());
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
		if (minutesIn() > LAST_AGAIN) return;
		console.log(`\n── once more: ${file.file}`);
		const again = await runFile(file.file, minutesLeft());
		console.log(again.output);
		if (again.failed > 0) continue;
		unsteady.push(...file.failures);
		result.failed -= file.failed;
		result.passed += file.failed;
		file.failures = [];
	}
}

function minutesIn() {
	return (performance.now() - began) / 60_000;
}

function minutesLeft() {
	return Math.min(FILE_MINUTES, LAST_END - minutesIn());
}

/** In the order of the patterns, each once. */
function filesOf(patterns, except = []) {
	const exclude = ['**/node_modules/**', '**/fixtures/**', ...except];
	return [...new Set(patterns.flatMap((pattern) => globSync(pattern, { cwd: root, exclude }).sort()))];
}

/** A file that belongs to no step would never be run. */
function everyFileHasItsStep() {
	const known = new Set(steps.flatMap(({ tests = [], except }) => filesOf(tests, except)));
	const forgotten = filesOf(['{src,scripts,simulators,test,examples,benchmarks}/**/*.test.ts']).filter(
		(file) => !known.has(file),
	);
	for (const file of forgotten) console.log(`in no step of scripts/run-tests.js: ${file}`);
	return {
		name: 'steps',
		passed: forgotten.length === 0 ? 1 : 0,
		failed: forgotten.length,
		seconds: 0,
		skips: [],
		files: [],
	};
}

/** Runs the files of a step. */
async function test({ tests, except = [], processes, slow, ...how }) {
	const files = filesOf(tests, except);
	if (files.length === 0) {
		console.log(`no file matches ${tests.join(' ')}`);
		return { passed: 0, failed: 1, skips: [], files: [] };
	}
	if (slow) return oneByOne(files, how);
	if (processes === undefined) return runFiles(files, how);
	// Neighbours are alike: so each process has as much to do as the others.
	const shares = Array.from({ length: processes }, (_, share) => files.filter((_, at) => at % processes === share));
	return together(await Promise.all(shares.map((share) => runFiles(share, { ...how, oneProcess: true }))));
}

/** Each in a process of its own, so many at a time. What one prints comes at its end, not mixed with that of others. */
async function oneByOne(files, { concurrency }) {
	const [left, done, skips] = [[...files], [], []];
	const next = async () => {
		for (let file = left.shift(); file !== undefined; file = left.shift()) {
			if (interrupted) return;
			if (minutesIn() > LAST_BEGIN) {
				skips.push({ name: file, why: `this machine is slow: not begun after ${LAST_BEGIN} minutes` });
				continue;
			}
			const { output, ...result } = await runFile(file, minutesLeft());
			console.log(`── ${file}\n${output.trimEnd()}`);
			done.push(result);
		}
	};
	await Promise.all(Array.from({ length: concurrency }, next));
	return together([...done, { passed: 0, failed: 0, skips, files: [] }]);
}

function together(results) {
	return {
		passed: results.reduce((sum, { passed }) => sum + passed, 0),
		failed: results.reduce((sum, { failed }) => sum + failed, 0),
		skips: results.flatMap(({ skips }) => skips),
		files: results.flatMap(({ files }) => files),
	};
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
