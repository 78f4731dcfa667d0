import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FAULTS, type Fault, PROMISED } from './plan.ts';
import { cellsOf, markdown, mergeTable, replaceTable } from './table.ts';

test('findings stand in the order of the plan, and nothing in them breaks the table', () => {
	const rows = cellsOf([
		{ fault: 'pool', criterion: 'c', measured: '1', verdict: 'not met' },
		{ fault: '5', criterion: 'a', measured: 'x|y\n`z`', verdict: 'met' },
		{ fault: '5', criterion: 'b', measured: '2', verdict: 'skipped' },
	]);
	assert.deepEqual(
		rows.map((row) => row.slice(0, 3)),
		[
			['5', 'half-open TCP to an instance', 'a'],
			['', '', 'b'],
			['', 'a whole pool lost under load', 'c'],
		],
	);
	assert.match(markdown(rows), /\| x\\\|y \\`z\\` \| met \|\n/);
});

test('only what stands between the markers is written anew', () => {
	const page = 'a\n<!-- faults:begin (written by `npm run faults -- --write`) -->\nold\n<!-- faults:end -->\nb\n';
	assert.equal(replaceTable(page, 'new'), page.replace('old', 'new'));
	assert.throws(() => replaceTable('nothing', 'new'), /no place/);
});

test('a run of some faults leaves the rows of the others, and what is said of them', () => {
	const table = (verdict: 'met' | 'skipped', faults: readonly Fault[]): string =>
		markdown(
			cellsOf(faults.flatMap((fault) => ['a', 'b'].map((criterion) => ({ fault, criterion, measured: '1', verdict })))),
		);
	const empty = 'x\n<!-- faults:begin (written by `npm run faults -- --write`) -->\n<!-- faults:end -->\ny\n';
	const whole = replaceTable(empty, `all\nof them\n\n${table('met', ['5', '9', 'pool'])}`);
	const some: Fault[] = ['10', '5'];
	const merge = (page: string): string =>
		mergeTable(page, some, { about: 'later\nbusy', table: table('skipped', some) });
	const merged = merge(whole);
	assert.match(merged, /-->\nall\n\nof them\n\nOnly 10, 5: later busy\n\n\| # /);
	const verdicts = [...merged.matchAll(/^\| (\w*) \|.*\| (met|skipped) \|$/gm)].map(
		([, number, verdict]) => `${number} ${verdict}`,
	);
	assert.deepEqual(verdicts, ['5 skipped', ' skipped', '9 met', ' met', '10 skipped', ' skipped', ' met', ' met']);
	assert.equal(merge(merged), merged, 'and takes the place of one like it');
});

/** As docs/alerts.md calls them, where that is not their name here. */
const CALLED: Partial<Record<Fault, string>> = {
	'18': 'a bad reload',
	answers: 'kill -9 of an instance under load',
};

test('docs/alerts.md promises of each fault the alert that its test waits for', () => {
	const page = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
	for (const [fault, { alert, seconds }] of Object.entries(PROMISED)) {
		const row = `| ${CALLED[fault as Fault] ?? FAULTS[fault as Fault]} | \`${alert}\` | ${seconds} |`;
		assert.ok(page.includes(row), row);
	}
});
