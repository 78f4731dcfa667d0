/** A reporter of node:test for scripts/run-tests.js: one JSON object with the counts and why tests were skipped. */
export default async function* count(source) {
	const skips = [];
	let counts = { passed: 0, failed: 0, cancelled: 0, skipped: 0 };
	for await (const { type, data } of source) {
		if (type === 'test:pass' && data.skip !== undefined) skips.push({ name: data.name, why: data.skip });
		if (type === 'test:summary' && data.file === undefined) counts = data.counts;
	}
	yield JSON.stringify({ ...counts, skips });
}
