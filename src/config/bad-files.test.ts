import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { problemsOf } from './testing/load-text.ts';

const folder = new URL('fixtures/bad/', import.meta.url);
const names = readdirSync(folder)
	.filter((name) => name.endsWith('.yaml'))
	.map((name) => name.slice(0, -5));

// Each X.yaml has an X.txt: all that is to be said of it, without the name of the file.
for (const name of names) {
	test(`bad file: ${name.replaceAll('-', ' ')}`, async () => {
		const said = await problemsOf(readFileSync(new URL(`${name}.yaml`, folder), 'utf8'), { 'key.pem': 'no key' });
		// BALLAST_UPDATE=1 writes them anew, for a look at the difference.
		if (process.env['BALLAST_UPDATE'] === '1')
			writeFileSync(new URL(`${name}.txt`, folder), `${said.replaceAll('ballast.yaml:', '')}\n`);
		assert.equal(`${said.replaceAll('ballast.yaml:', '')}\n`, readFileSync(new URL(`${name}.txt`, folder), 'utf8'));
	});
}

test('there are at least 30 bad files, and each says something', () => {
	assert.ok(names.length >= 30, `${names.length}`);
	for (const name of names)
		assert.match(readFileSync(new URL(`${name}.txt`, folder), 'utf8'), /^\d+:\d+(?: .*)?\n {4}\S/, name);
});

test('each fault is told once, in the order of the lines', async () => {
	for (const name of names) {
		const said = readFileSync(new URL(`${name}.txt`, folder), 'utf8');
		const places = [...said.matchAll(/^(\d+):(\d+)/gm)].map(([, line, column]) => Number(line) * 1000 + Number(column));
		assert.deepEqual(
			places,
			[...places].sort((a, b) => a - b),
			name,
		);
		const faults = said.split(/^(?=\d)/m);
		assert.equal(new Set(faults).size, faults.length, name);
	}
});
