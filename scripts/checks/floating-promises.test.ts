import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');

const FLOATING = `import { rm } from 'node:fs/promises';
import { test } from 'node:test';
interface Port {
	stop(): Promise<void>;
}
async function own(): Promise<void> {}
export function go(port: Port): void {
	own();
	rm('x');
	port.stop();
	own().then(() => {});
}
test('the runner waits for its tests itself', () => {});
`;
const AWAITED = `import { rm } from 'node:fs/promises';
export async function go(): Promise<void> {
	await rm('x');
	void rm('y').catch(() => {});
	rm('z').then(
		() => {},
		() => {},
	);
}
`;

test('lint refuses a promise that nobody waits for, whoever made it', () => {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-lint-'));
	try {
		symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
		writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
		writeFileSync(
			join(folder, 'tsconfig.json'),
			JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['.'], exclude: ['node_modules'] }),
		);
		writeFileSync(join(folder, 'floating.ts'), FLOATING);
		writeFileSync(join(folder, 'awaited.ts'), AWAITED);
		const floating = lint(folder, 'floating.ts');
		assert.deepEqual(floating.lines, [8, 9, 10, 11], floating.output);
		assert.equal(floating.status, 1);
		const awaited = lint(folder, 'awaited.ts');
		assert.deepEqual([awaited.status, awaited.lines], [0, []], awaited.output);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});

function lint(folder: string, file: string): { status: number | null; output: string; lines: number[] } {
	const { status, stdout, stderr } = spawnSync(
		join(root, 'node_modules', '.bin', 'oxlint'),
		['--config', join(root, '.oxlintrc.json'), '--type-aware', '--format', 'unix', file],
		{ cwd: folder, encoding: 'utf8', timeout: 60_000 },
	);
	const lines = [...stdout.matchAll(/^[^:\n]*\.ts:(\d+):\d+: .*no-floating-promises/gm)].map(([, line]) =>
		Number(line),
	);
	return { status, output: stdout + stderr, lines };
}
