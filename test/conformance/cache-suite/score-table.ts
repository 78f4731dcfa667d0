import { EXCEPTIONS } from './exceptions.ts';
import type { Published } from './run-suite.ts';
import { type Score, type SuiteTest, scoreOf } from './score.ts';

export interface Scores {
	readonly required: Score;
	readonly optimal: Score;
}

const PLACE = /(<!-- cache-suite: .* -->\n)[\s\S]*?\n?(<!-- \/cache-suite -->)/;

/** The page with our score beside those of others, best first, and why what is missing is. */
export function withScores(
	page: string,
	own: Scores,
	others: { tests: readonly SuiteTest[]; of: readonly Published[] },
): string {
	const rows = others.of
		.map(({ name, version, results }) => ({
			name: `${name} ${version}`,
			required: scoreOf(others.tests, results, 'required'),
			optimal: scoreOf(others.tests, results, 'optimal'),
		}))
		.concat({ name: '**Ballast**', ...own })
		.sort((one, other) => other.required.passed - one.required.passed || other.optimal.passed - one.optimal.passed)
		.map(({ name, required, optimal }) => `| ${name} | ${required.passed} | ${optimal.passed} |`);
	const { required, optimal } = own;
	const text = [
		`| cache | required, of ${required.of} | optimal, of ${optimal.of} |`,
		'| --- | --- | --- |',
		...rows,
		'',
		'Not passed:',
		'',
		...[...Map.groupBy(Object.entries({ ...EXCEPTIONS.required, ...EXCEPTIONS.optimal }), ([, why]) => why)].map(
			([why, of]) => `- ${of.map(([id]) => `\`${id}\``).join(', ')}: ${why}`,
		),
	];
	if (!PLACE.test(page)) throw new Error('the page has no place for the scores');
	return page.replace(PLACE, (_, before: string, after: string) => `${before}\n${text.join('\n')}\n${after}`);
}
