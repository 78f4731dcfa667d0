import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';

test('a core begins without what only reads configurations: after a crash requests wait for it', async () => {
	const loaded: string[] = [];
	const hooks = registerHooks({
		resolve(specifier, context, next) {
			const result = next(specifier, context);
			loaded.push(result.url);
			return result;
		},
	});
	await import('./control-plane.ts');
	hooks.deregister();
	assert.ok(loaded.length > 200, `${loaded.length} modules`);
	const heavy = loaded.filter((url) => /\/node_modules\/(?:zod|yaml)\/|\/core\/schema\.ts$/.test(url));
	assert.deepEqual(heavy, []);
});
