/**
 * The pages say what the program does: links lead somewhere, the errors and commands are those of the code.
 * `node scripts/check-docs.ts [root]`; ends with 1 when something is wrong. (That the commands of README and
 * docs/getting-started.md work is shown by test/docs.)
 */
import { join, resolve } from 'node:path';
import { COMMANDS } from '../src/cli/commands.ts';
import { GLOBAL_OPTIONS, usage } from '../src/config/arguments.ts';
import { ERRORS } from '../src/core/errors.ts';
import { checkCommandPage } from './checks/command-page.ts';
import { checkErrorPage } from './checks/error-page.ts';
import { checkLinks } from './checks/links.ts';
import { print, readTree } from './checks/source-tree.ts';

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
const tree = readTree(root);
const page = (path: string): [string, string] => [path, tree.get(path) ?? ''];
const global = new Set(GLOBAL_OPTIONS.map(({ name }) => name));
const commands = COMMANDS.map((command) => ({
	name: command.arguments.name,
	usage: usage(command.arguments),
	options: command.arguments.options.filter(({ name }) => !global.has(name)),
}));
commands.push({ name: 'all', usage: 'ballast <command> [options]', options: GLOBAL_OPTIONS });

const findings = [
	...checkLinks(tree),
	...checkErrorPage(...page('docs/errors.md'), ERRORS),
	...checkCommandPage(...page('docs/commands.md'), commands),
];
for (const finding of findings) console.error(`wrong  ${print(finding)}`);
console.log(`${[...tree.keys()].filter((path) => path.endsWith('.md')).length} pages, ${findings.length} wrong`);
process.exitCode = findings.length === 0 ? 0 : 1;
