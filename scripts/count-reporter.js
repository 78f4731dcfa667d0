/** A reporter of node:test for scripts/run-tests.js: one JSON object with the counts, what failed, and why tests were skipped. */
import { relative } from 'node:path';

export default async function* count(source) {
	const skips = [];
	const failures = [];
	let counts = { passed: 0, failed: 0, cancelled: 0, skipped: 0 };
	for await (const { type, data } of source) {
		const where = data.file === undefined ? '' : `${relative(process.cwd(), data.file)}: `;
		if (type === 'test:pass' && data.skip !== undefined) skips.push({ name: where + data.name, why: data.skip });
		// A suite that only fails because of what is in it says nothing new.
		const own = type === 'test:fail' && data.details.error?.failureType !== 'subtestsFailed';
		if (own && data.todo === undefined) failures.push(where + data.name);
		if (type === 'test:summary' && data.file === undefined) counts = data.counts;
	}
	yield JSON.stringify({ ...counts, skips, failures });
}
