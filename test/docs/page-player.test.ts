import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBlocks } from '../../scripts/checks/shell-blocks.ts';
import { PagePlayer } from './page-player.ts';

async function playing(page: string): Promise<void> {
	const player = await PagePlayer.create();
	try {
		for (const block of readBlocks(page)) await player.play(block);
		await player.stop();
	} finally {
		player.close();
	}
}

const fence = '```';
const block = (info: string, text: string): string => `${fence}${info}\n${text}\n${fence}\n`;

test('blocks are read with what a test does with them', () => {
	const page = `# Title\n\n${block('sh skip="needs a second machine" in=clone', 'ls')}`;
	assert.deepEqual(readBlocks(page), [
		{
			language: 'sh',
			how: 'skip',
			attributes: { skip: 'needs a second machine', in: 'clone' },
			text: 'ls\n',
			line: 3,
		},
	]);
});

test('a page that is true is let through: files, order, both ports', async () => {
	await playing(
		block('yaml file=ballast.yaml', 'listen: 8080\nservices: { a: { respond: hello } }') +
			block('sh run', 'ballast check') +
			block('sh start', 'ballast up') +
			block('sh run', 'test "$(curl -fs http://127.0.0.1:8080/)" = hello\ncurl -fs http://127.0.0.1:9900/live') +
			block('sh run', 'ballast stop'),
	);
});

const faults: [string, string, RegExp][] = [
	['a command that fails', block('sh run', 'ballast check'), /ends with 2:[\s\S]*ballast\.yaml/],
	['a command that fails before the last one', block('sh run', 'false\ntrue'), /ends with 1/],
	['a start that ends', block('sh start', 'ballast up'), /does not listen/],
	['a process that stays', block('sh run', 'sleep 30 >/dev/null 2>&1 &\ntrue'), /processes are left/],
];
for (const [what, page, expected] of faults) {
	test(`told: ${what}`, async () => {
		await assert.rejects(playing(page), (error: Error) => expected.test(error.message) || assert.fail(error.message));
	});
}
