import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { BodyFolder } from '../../jobs/body-folder.ts';
import { BodySpool, type BodyWriter, INLINE_MOST } from './body-spool.ts';

const nobody = { ready: () => {}, failed: (error: unknown) => assert.fail(String(error)) };

async function inFolder(work: (folder: string, files: BodyFolder) => Promise<void>): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-spool-'));
	try {
		await work(folder, new BodyFolder(folder));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

test('small bodies stay in memory, an empty one is none', () =>
	inFolder(async (folder, files) => {
		assert.equal(await new BodySpool(files, nobody).finish(), null);
		const spool = new BodySpool(files, nobody);
		const source = Buffer.from('xabcx');
		spool.add(source, 1, 3);
		spool.add(source, 3, 4);
		// It was a copy.
		source.fill(0);
		assert.deepEqual(await spool.finish(), { inline: Buffer.from('abc') });
		assert.deepEqual(readdirSync(folder), []);
	}));

test('larger ones go to a file, with no more in memory than is bearable', () =>
	inFolder(async (folder, files) => {
		let wake = (): void => {};
		const spool = new BodySpool(files, { ...nobody, ready: () => wake() });
		const piece = Buffer.alloc(50_000, 'p');
		for (let i = 0; i < 40; i++) {
			if (!spool.ready) await new Promise<void>((resolve) => (wake = resolve));
			piece[0] = i;
			spool.add(piece, 0, piece.length);
		}
		const body = await spool.finish();
		assert.ok(body !== null && 'file' in body);
		assert.equal(body.bytes, 2_000_000);
		const written = readFileSync(join(folder, body.file));
		for (let i = 0; i < 40; i++) assert.equal(written[i * 50_000], i);
	}));

test('what nobody wants leaves nothing', () =>
	inFolder(async (folder, files) => {
		const spool = new BodySpool(files, nobody);
		spool.add(Buffer.alloc(INLINE_MOST + 1), 0, INLINE_MOST + 1);
		const done = spool.finish();
		spool.discard();
		await assert.rejects(done);
		while (readdirSync(folder).length > 0) await new Promise((resolve) => setImmediate(resolve));
	}));

test('a disk that takes nothing is told once', async () => {
	const told: unknown[] = [];
	const full = async (): Promise<BodyWriter> => {
		throw new Error('the disk is full');
	};
	const spool = new BodySpool(
		{ create: full, remove: async () => {} },
		{ ready: () => {}, failed: (e) => told.push(e) },
	);
	spool.add(Buffer.alloc(100_000), 0, 100_000);
	await assert.rejects(spool.finish());
	assert.equal(told.length, 1);
});

test('a disk that takes the second try leaves no file of a body that was given up', () =>
	inFolder(async (folder, files) => {
		let tries = 0;
		const spool = new BodySpool(
			{
				create: async (most) => {
					if (tries++ === 0) throw new Error('too many open files');
					return files.create(most);
				},
				remove: async () => {},
			},
			{ ready: () => {}, failed: () => {} },
		);
		spool.add(Buffer.alloc(100_000), 0, 100_000);
		await assert.rejects(spool.finish());
		assert.deepEqual([tries, readdirSync(folder)], [1, []]);
	}));
