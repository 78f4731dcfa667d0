/**
 * Holds the house in order: imports go down only and never in a circle, files stay small and are named
 * for what they export, nothing names a place on somebody's machine. `node scripts/check-imports.ts [root]`;
 * ends with 1 when something is wrong.
 */
import { join, resolve } from 'node:path';
import { checkCycles } from './checks/cycles.ts';
import { checkFloors } from './checks/floors.ts';
import { checkSizes } from './checks/sizes.ts';
import { isCode, print, readTree } from './checks/source-tree.ts';
import { checkWords, placesOfThisMachine } from './checks/words.ts';

const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'));
const tree = readTree(root);
const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = JSON.parse(tree.get('package.json') ?? '{}');
const packages = {
	dependencies: new Set(Object.keys(dependencies)),
	devDependencies: new Set(Object.keys(devDependencies)),
	optionalPeers: new Set(Object.keys(peerDependencies)),
};
const { errors, warnings } = checkSizes(tree);
const findings = [
	...checkFloors(tree, packages),
	...checkCycles(tree),
	...errors,
	...checkWords(tree, placesOfThisMachine(root)),
];

for (const warning of warnings) console.log(`note   ${print(warning)}`);
for (const finding of findings) console.error(`wrong  ${print(finding)}`);
const files = [...tree.keys()].filter(isCode).length;
console.log(`${files} modules, ${findings.length} wrong, ${warnings.length} to note`);
process.exitCode = findings.length === 0 ? 0 : 1;
