import assert from 'node:assert/strict';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LogFile, type RotateOptions } from './log-file.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-log-file-'));
after(() => rmSync(root, { recursive: true }));

let folders = 0;
function fileWith(rotate: Partial<RotateOptions> | null = null) {
	const folder = join(root, String(folders++));
	const path = join(folder, 'access.log');
	const told: string[] = [];
	const clock = { now: Date.now() };
	const file = new LogFile({
		path,
		rotate: rotate === null ? null : { bytes: 0, ageMs: 0, keep: 3, gzip: false, ...rotate },
		tell: (problem) => told.push(problem),
		now: () => clock.now,
	});
	const write = (line: string) => file.append(Buffer.from(`${line}\n`), 1);
	return { file, folder, path, told, clock, write, text: (name = path) => readFileSync(name, 'utf8') };
}

test('lines are appended, also to what is there already', () => {
	const { file, path, write, text } = fileWith();
	write('one');
	file.close();
	const second = new LogFile({ path, rotate: null, tell: () => {} });
	second.append(Buffer.from('two\nthree\n'), 2);
	assert.equal(text(), 'one\ntwo\nthree\n');
	second.close();
});

test('a file that is big is moved aside, and only so many are kept', () => {
	const { folder, path, write, text } = fileWith({ bytes: 10, keep: 2 });
	for (let at = 0; at < 5; at++) write(`line number ${at}`);
	assert.deepEqual(readdirSync(folder).sort(), ['access.log', 'access.log.1', 'access.log.2']);
	assert.equal(text(), 'line number 4\n');
	assert.equal(text(`${path}.2`), 'line number 2\n');
});

test('one that is old too, after a restart as well; old ones can be compressed', async () => {
	const { file, folder, path, write, clock } = fileWith({ ageMs: 3_600_000, gzip: true });
	write('one');
	file.close();
	clock.now += 3_700_000;
	write('two');
	await file.compressed;
	clock.now += 3_700_000;
	write('three');
	await file.compressed;
	assert.deepEqual(readdirSync(folder).sort(), ['access.log', 'access.log.1.gz', 'access.log.2.gz']);
	assert.equal(gunzipSync(readFileSync(`${path}.1.gz`)).toString(), 'two\n');
	assert.equal(gunzipSync(readFileSync(`${path}.2.gz`)).toString(), 'one\n');
});

test('nothing old is kept where nothing is to be', () => {
	const { folder, write } = fileWith({ bytes: 1, keep: 0 });
	write('one');
	write('two');
	assert.deepEqual(readdirSync(folder), ['access.log']);
});

test('what another program moved is opened anew: on a signal at once, else by itself', () => {
	const { file, path, write, text, clock } = fileWith();
	write('one');
	renameSync(path, `${path}.old`);
	file.reopen();
	write('two');
	assert.equal(text(), 'two\n');
	renameSync(path, `${path}.old`);
	clock.now += 2000;
	file.tick();
	write('three');
	assert.equal(text(), 'three\n');
});

test('two processes rotate one file once', () => {
	const { path, write, file } = fileWith({ bytes: 20, keep: 5 });
	const other = new LogFile({ path, rotate: { bytes: 20, ageMs: 0, keep: 5, gzip: false }, tell: () => {} });
	write('0123456789');
	other.append(Buffer.from('0123456789\n'), 1);
	write('0123456789');
	other.append(Buffer.from('0123456789\n'), 1);
	assert.equal(existsSync(`${path}.2`), false);
	file.close();
	other.close();
});

test('a full disk loses lines, says so once, and goes on by itself', { skip: !existsSync('/dev/full') }, () => {
	const { file, folder, path, write, told, clock, text } = fileWith();
	mkdirSync(folder);
	symlinkSync('/dev/full', path);
	write('lost');
	write('lost');
	assert.equal(told.length, 1);
	assert.match(told[0] as string, /access\.log cannot be written: the disk is full \(ENOSPC\); lines are dropped/);
	assert.equal(file.lost, 2);
	rmSync(path);
	clock.now += 3000;
	file.tick();
	write('kept');
	assert.equal(text(), 'kept\n');
	assert.match(told[1] as string, /is written again; 2 lines were lost/);
	assert.equal(file.lost, 2);
});

test('a path that cannot be written is told, and tried again', () => {
	const { file, folder, path, write, told, clock } = fileWith();
	mkdirSync(path, { recursive: true });
	write('lost');
	assert.match(told[0] as string, /EISDIR/);
	rmSync(folder, { recursive: true });
	clock.now += 3000;
	write('kept');
	assert.equal(file.lost, 1);
	assert.equal(readFileSync(path, 'utf8'), 'kept\n');
});
