/** A reporter of node:test for scripts/testing/test-files.js: one JSON object with the counts, why tests were skipped, and the files. */
import { relative } from 'node:path';

export default async function* count(source) {
	const skips = [];
	const files = [];
	let failures = [];
	let counts = null;
	for await (const { type, data } of source) {
		const file = data.file === undefined ? '' : relative(process.cwd(), data.file);
		const name = `${file}${file === '' ? '' : ': '}${data.name}`;
		if (type === 'test:pass' && data.skip !== undefined) skips.push({ name, why: data.skip });
		// A suite that only fails because of what is in it says nothing new.
		const own = type === 'test:fail' && data.details.error?.failureType !== 'subtestsFailed';
		if (own && data.todo === undefined) {
			// A file that ends by itself has no summary.
			if (data.name === data.file || data.name === file)
				files.push({ file, ms: data.details.duration_ms, passed: 0, failed: 1, failures: [file] });
			else failures.push(name);
		}
		if (type !== 'test:summary') continue;
		if (data.file === undefined) counts = data.counts;
		else {
			const { passed, failed, cancelled } = data.counts;
			files.push({ file, ms: data.duration_ms, passed, failed: failed + cancelled, failures });
			failures = [];
		}
	}
	// Of files that share a process there are no summaries.
	if (failures.length > 0) files.push({ file: 'one process', ms: 0, passed: 0, failed: failures.length, failures });
	// A file that is run by itself has a summary of its own only.
	const sum = (what) => files.reduce((total, file) => total + file[what], 0);
	counts ??= { passed: sum('passed'), failed: sum('failed'), cancelled: 0 };
	yield JSON.stringify({ ...counts, skips, files });
}
