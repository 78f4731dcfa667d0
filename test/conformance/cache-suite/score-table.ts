import { EXCEPTIONS } from './exceptions.ts';
import { MENDED } from './mended.ts';
import type { Published } from './run-suite.ts';
import { type Score, type SuiteTest, scoreOf } from './score.ts';

export interface Scores {
	readonly required: Score;
	readonly optimal: Score;
}

const PLACE = /(<!-- cache-suite: .* -->\n)[\s\S]*?\n?(<!-- \/cache-suite -->)/;

const mendedNote = ({ passed }: Score): string =>
	`Four of the required tests (${MENDED.map((id) => `\`${id}\``).join(', ')}) are run as their authors have put them right since that release (their commit \`bb49f1d\`; [#143](https://github.com/http-tests/cache-tests/issues/143) tells of it): the origin closes the connection without a byte, and what must be confirmed is not given; \`staleIfUnreachable: 1h\` is set, so that all else is. In the release they ask for a 200 with a number that only that origin writes, and the body that it did not send. Nothing passes that: no published result, and not the origin itself, asked without a cache (the test shows it). By the letter of the release ${passed - MENDED.length} are passed. The results of the others are those of the release: with these four put right the ones that give stale answers when an origin closes may have up to four more.`;

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
		mendedNote(required),
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
