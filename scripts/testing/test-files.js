/** Runs files of tests, and reads from a reporter what came of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './run-command.js';

/** Kept between runs: most of the time of a small test file goes into compiling what it imports. */
export const kept = join(root, 'node_modules', '.cache', 'ballast-tests');
const compiled = join(kept, 'compiled');

/**
 * Those of one step, by Node's runner: each in a process, `concurrency` at a time, or all in one. What the runner
 * reports counts, and a run that breaks off counts as one failure.
 */
export async function runFiles(files, { name, concurrency, minutes, oneProcess = false }) {
	const how = oneProcess ? '--test-isolation=none' : `--test-concurrency=${concurrency}`;
	// What runs beside others is not to be mixed with them.
	const lines = oneProcess ? [] : undefined;
	const result = await counted(['--test', how], files, { minutes, lines });
	if (lines !== undefined) console.log(`\n── ${name}\n${lines.join('')}`.trimEnd());
	return result;
}

/** One file, in a process of its own; `output` is what it printed. */
export async function runFile(file, minutes) {
	const lines = [];
	const started = performance.now();
	const { files, ...result } = await counted([], [file], { minutes, lines });
	const failures = files.flatMap((each) => each.failures);
	// Ended before it could say what failed.
	if (result.failed > 0 && failures.length === 0) failures.push(file);
	const seen = { file, ms: performance.now() - started, failed: result.failed, failures };
	return { ...result, files: [seen], output: lines.join('') };
}

async function counted(options, files, how) {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-test-'));
	const counts = join(folder, 'counts.json');
	try {
		const reporters = ['spec', 'stdout', join(import.meta.dirname, 'count-reporter.js'), counts];
		const reports = reporters.map((value, at) => `--test-reporter${at % 2 === 0 ? '' : '-destination'}=${value}`);
		const code = await run([process.execPath, ...reports, ...options, ...files], { ...how, compiled });
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
