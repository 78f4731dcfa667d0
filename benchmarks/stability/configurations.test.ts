import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { makeTlsFiles } from '../measure/tls-files.ts';
import { writeConfiguration } from '../peers/ballast.ts';
import { INVALID, isInvalid, shapeOf } from './reload-shapes.ts';
import { configurationText } from './running-ballast.ts';

let folder: string;

before(async () => {
	folder = await mkdtemp(join(tmpdir(), 'ballast-bench-test-'));
});
after(() => rm(folder, { recursive: true }));

async function problemsOf(text: string): Promise<string[]> {
	const path = join(folder, 'ballast.yaml');
	await writeFile(path, text);
	const result = await loadConfig(path);
	return result.ok ? [] : result.problems.map((problem) => JSON.stringify(problem));
}

test('every shape that the reloads take is valid, and changes something', async () => {
	const texts = [];
	for (let turn = 0; turn < 100; turn++) {
		if (!isInvalid(turn)) texts.push(configurationText(shapeOf(18_080, 18_081, turn), 19_900));
	}
	assert.equal(texts.length, 90);
	assert.equal(new Set(texts).size, texts.length);
	for (const text of texts.slice(0, 20)) assert.deepEqual(await problemsOf(text), [], text);
});

test('what is meant to be invalid is', async () => {
	for (const text of INVALID) assert.notDeepEqual(await problemsOf(text), [], JSON.stringify(text));
});

test('the configurations of the throughput and idle scenarios are valid', async () => {
	const setup = { folder, upstreams: [9001, 9002], cores: '1' };
	const tls = await makeTlsFiles(folder);
	for (const each of [setup, { ...setup, workers: 2 }, { ...setup, connections: 12_000, tls }]) {
		const result = await loadConfig(await writeConfiguration(each, 18_080));
		assert.ok(result.ok, JSON.stringify(result));
		assert.equal(result.config.limits.connections, each === setup || 'workers' in each ? 10_000 : 12_000);
	}
});
