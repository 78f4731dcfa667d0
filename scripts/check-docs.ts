/**
 * The pages say what the program does: links lead somewhere, the errors and commands are those of the code,
 * each shell command says how it is tested. `node scripts/check-docs.ts [--write]`, where --write renews
 * docs/commands.md and the reasons in docs/errors.md; ends with 1 when something is wrong. (That the commands of README and
 * docs/getting-started.md work is shown by test/docs.)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../src/cli/commands.ts';
import { GLOBAL_OPTIONS, usage } from '../src/config/arguments.ts';
import { ERRORS } from '../src/core/errors.ts';
import { MALFORMED } from '../src/core/malformed.ts';
import { commandPage } from './checks/command-page.ts';
import { checkErrorPage } from './checks/error-page.ts';
import { checkLinks } from './checks/links.ts';
import { withoutReasons, withReasons } from './checks/reason-table.ts';
import { checkShellBlocks } from './checks/shell-blocks.ts';
import { type Finding, print, readTree } from './checks/source-tree.ts';

const ERROR_PAGE = 'docs/errors.md';
const COMMAND_PAGE = 'docs/commands.md';
const root = join(import.meta.dirname, '..');

const commands = commandPage(
	COMMANDS.map(({ arguments: own, summary, about, examples }) => ({
		name: own.name,
		usage: usage(own),
		summary,
		about,
		examples,
		options: own.options.filter((option) => !GLOBAL_OPTIONS.includes(option)),
	})),
	GLOBAL_OPTIONS,
);
const errors = withReasons(readFileSync(join(root, ERROR_PAGE), 'utf8'), MALFORMED);
if (process.argv.includes('--write')) {
	writeFileSync(join(root, COMMAND_PAGE), commands);
	writeFileSync(join(root, ERROR_PAGE), errors);
}

const tree = readTree(root);
const outdated = (path: string, source: string): Finding => ({
	path,
	text: `is not what ${source} says: npm run docs`,
});
const findings = [
	...checkLinks(tree),
	...checkShellBlocks(tree),
	...checkErrorPage(ERROR_PAGE, withoutReasons(errors), ERRORS),
	...(tree.get(COMMAND_PAGE) === commands ? [] : [outdated(COMMAND_PAGE, 'src/cli/commands.ts')]),
	...(tree.get(ERROR_PAGE) === errors ? [] : [outdated(ERROR_PAGE, 'src/core/malformed.ts')]),
];
for (const finding of findings) console.error(`wrong  ${print(finding)}`);
console.log(`${[...tree.keys()].filter((path) => path.endsWith('.md')).length} pages, ${findings.length} wrong`);
process.exitCode = findings.length === 0 ? 0 : 1;
