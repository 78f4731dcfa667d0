import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BEGIN, END, replaceSection, writePage } from './page.ts';
import { figure, renderTable } from './table.ts';
import { judge, measuredOf, TARGETS, targetTable } from './targets.ts';

test('a figure shows the digits that mean something', () => {
	assert.deepEqual([0.591, 12.34, 123.4, 90_600, Number.NaN].map(figure), ['0.59', '12.3', '123', '90,600', '–']);
});

test('a table is aligned Markdown', () => {
	const text = renderTable({
		title: 'T',
		columns: ['proxy', 'µs'],
		rows: [
			['a', '1'],
			['longer', '12.5'],
		],
	});
	assert.equal(text, '### T\n\n| proxy  |   µs |\n| ------ | ---: |\n| a      |    1 |\n| longer | 12.5 |\n');
});

test('a target is judged in its own sense', () => {
	const by = (key: string) => TARGETS.find((target) => target.key === key) ?? assert.fail(key);
	const haproxy = by('browser.ballast/haproxy-equal');
	assert.equal(judge(haproxy, { 'browser.ballast/haproxy-equal': 1.1 }), 'ok');
	assert.equal(judge(haproxy, { 'browser.ballast/haproxy-equal': 1.11 }), 'NOT');
	assert.equal(judge(haproxy, {}), 'not measured');
	// Ballast ÷ undici 0.25: four times less.
	const undici = by('browser.ballast/node-undici');
	assert.equal(measuredOf(undici, { 'browser.ballast/node-undici': 0.25 }), 4);
	assert.equal(judge(undici, { 'browser.ballast/node-undici': 0.25 }), 'ok');
	assert.equal(judge(undici, { 'browser.ballast/node-undici': 0.5 }), 'NOT');
	assert.equal(judge(by('rolling.failed'), { 'rolling.failed': 0 }), 'ok');
	assert.equal(judge(by('rolling.failed'), { 'rolling.failed': 1 }), 'NOT');
	assert.equal(targetTable({}).rows.length, TARGETS.length);
});

test('the tables replace what stood between the markers, and only that', () => {
	const page = `before\n${BEGIN}\nold\n${END}\nafter\n`;
	const once = replaceSection(page, '\nnew\n\n');
	assert.equal(once, `before\n${BEGIN}\nnew\n${END}\nafter\n`);
	assert.equal(replaceSection(once, 'new'), once);
	assert.throws(() => replaceSection('no markers', 'new'), /no place/);
});

test('a page that does not exist is begun', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'ballast-bench-test-'));
	const path = join(folder, 'docs', 'performance.md');
	await writePage(path, 'first');
	await writePage(path, 'second');
	const text = await readFile(path, 'utf8');
	assert.match(text, /^# Performance/);
	assert.match(text, /\nsecond\n/);
	assert.doesNotMatch(text, /first/);
	await rm(folder, { recursive: true });
});
