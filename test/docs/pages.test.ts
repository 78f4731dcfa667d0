import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Block, readBlocks } from '../../scripts/checks/shell-blocks.ts';
import { problemsOf } from '../../src/config/testing/load-text.ts';
import { accepts, PagePlayer, WRITTEN_PORTS } from './page-player.ts';

const root = join(import.meta.dirname, '..', '..');
const page = (path: string): Block[] => readBlocks(readFileSync(join(root, path), 'utf8'));
const inClone = ({ attributes }: Block): boolean => attributes['in'] === 'clone';

for (const path of [
	'README.md',
	'docs/getting-started.md',
	'docs/files.md',
	'docs/rate-limits.md',
	'docs/failover.md',
	'docs/jobs.md',
	'docs/overload.md',
	'docs/simulate.md',
]) {
	test(`what ${path} tells its reader to do works`, { timeout: 240_000 }, async (t) => {
		const blocks = page(path);
		assert.ok(blocks.some(({ language, how }) => language === 'sh' && how === 'run'));
		const taken = blocks.some(inClone) ? await takenPorts() : [];
		if (taken.length > 0)
			t.diagnostic(`not run: the blocks of the clone, because ${taken.join(' and ')} is in use here`);
		const player = await PagePlayer.create();
		try {
			for (const block of blocks) {
				if (taken.length > 0 && inClone(block)) continue;
				await told(player, block, path);
			}
			await player.stop();
		} finally {
			player.close();
		}
	});
}

/** What the pages say is beside the configuration, and is looked for when it is read. */
const THERE = { 'public/index.html': '' };

test('every configuration that docs/ shows as a file is valid', async () => {
	const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
	let seen = 0;
	for (const name of pages) {
		for (const { language, attributes, text, line } of page(join('docs', name))) {
			if (language !== 'yaml' || attributes['file'] !== 'ballast.yaml') continue;
			seen++;
			assert.equal(await problemsOf(text, THERE), '', `docs/${name}:${line}`);
		}
	}
	assert.ok(seen >= 2);
});

async function told(player: PagePlayer, block: Block, path: string): Promise<void> {
	try {
		await player.play(block);
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		assert.fail(`${path}:${block.line}\n${block.text.trim()}\n→ ${why}`);
	}
}

/** What the example's configuration needs; a page cannot ask for free ports. */
async function takenPorts(): Promise<number[]> {
	const ports = Object.values(WRITTEN_PORTS);
	const answers = await Promise.all(ports.map(accepts));
	return ports.filter((_, at) => answers[at]);
}
