import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { diffConfig } from './diff.ts';
import { loadConfig } from './load.ts';
import { printConfig } from './print.ts';
import { formatProblems } from './problem.ts';
import { arbitraryConfig } from './testing/arbitrary-config.ts';
import { TempFiles } from './testing/temp-files.ts';

const SEEDED = { seed: 20_261_121, numRuns: 25 };

async function load(temp: TempFiles, name: string, text: string) {
	temp.write(name, text);
	const result = await loadConfig(name, { cwd: temp.folder });
	assert.ok(result.ok, result.ok ? '' : `${formatProblems(result.problems, temp.folder)}\n${text}`);
	return result.config;
}

test('property: what is printed loads to the same configuration, as YAML and as JSON', async () => {
	using temp = new TempFiles();
	await fc.assert(
		fc.asyncProperty(arbitraryConfig, async (input) => {
			const config = await load(temp, 'written.yaml', stringify(input));
			assert.deepEqual(await load(temp, 'printed.yaml', printConfig(config)), config);
			assert.deepEqual(await load(temp, 'printed.json', printConfig(config, 'json')), config);
		}),
		SEEDED,
	);
});

test('property: YAML and JSON of the same data are the same configuration', async () => {
	using temp = new TempFiles();
	await fc.assert(
		fc.asyncProperty(arbitraryConfig, async (input) => {
			const yaml = await load(temp, 'a.yaml', stringify(input));
			assert.deepEqual(await load(temp, 'a.json', JSON.stringify(input)), yaml);
			assert.deepEqual(diffConfig(yaml, structuredClone(yaml)), []);
		}),
		{ ...SEEDED, numRuns: 25 },
	);
});

test('property: two configurations that differ have a difference, told from both sides', async () => {
	using temp = new TempFiles();
	await fc.assert(
		fc.asyncProperty(arbitraryConfig, arbitraryConfig, async (one, other) => {
			const a = await load(temp, 'a.json', JSON.stringify(one));
			const b = await load(temp, 'b.json', JSON.stringify(other));
			const there = diffConfig(a, b).map(({ path }) => path);
			const back = diffConfig(b, a).map(({ path }) => path);
			assert.deepEqual(new Set(there), new Set(back));
			const named = (config: typeof a) =>
				JSON.stringify({ ...config, services: [...config.services].sort((x, y) => (x.name < y.name ? -1 : 1)) });
			if (named(a) !== named(b)) assert.notEqual(there.length, 0);
		}),
		{ ...SEEDED, numRuns: 25 },
	);
});
