/** What tests of platforms look for. */
import assert from 'node:assert/strict';
import type { PlatformError } from '../../src/instances/platform/platform-error.ts';

/** A `PlatformError` with these facts; texts are found by a pattern. No token stands in it, whatever it is. */
export async function rejects(
	promise: Promise<unknown>,
	expected: { [key in keyof PlatformError]?: unknown },
): Promise<void> {
	await assert.rejects(promise, (error: PlatformError) => {
		assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /SECRET/);
		for (const [key, value] of Object.entries(expected)) {
			const found = error[key as keyof PlatformError];
			if (value instanceof RegExp) assert.match(String(found), value);
			else assert.equal(found, value, error.message);
		}
		return true;
	});
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
	const endsAt = Date.now() + 5000;
	while (!(await holds())) {
		assert.ok(Date.now() < endsAt, 'it did not happen in time');
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}
