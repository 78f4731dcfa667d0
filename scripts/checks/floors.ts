/** Who may import whom. Imports go down only, those of types included. */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type Import, readImports } from './imports.ts';
import { type Finding, isCode, isShipped, isTest, type SourceTree } from './source-tree.ts';

/** The floor of each folder of src/. Who adds a folder says here where it stands. */
export const FLOORS: Readonly<Record<string, number>> = {
	cli: 4,
	app: 3,
	config: 2,
	// They give plain configuration, and know nothing of how it is read.
	presets: 1.5,
	gateway: 1,
	balancing: 1,
	health: 1,
	resilience: 1,
	instances: 1,
	scaling: 1,
	cache: 1,
	cdn: 1,
	'app-cache': 1,
	jobs: 1,
	metrics: 1,
	logs: 1,
	traces: 1,
	otlp: 1,
	export: 1,
	resources: 1,
	alerts: 1,
	review: 1,
	profile: 1,
	deploy: 1,
	store: 1,
	cluster: 1,
	recovery: 1,
	admin: 1,
	wire: 0.5,
	redis: 0.5,
	core: 0,
};

/** What the program consists of; all other top folders may import it, never the other way round. */
const PROGRAM = /^(?:src\/|(?:index|cache|jobs)\.ts$)/;
/** Public entries that code behind the gateway imports. */
const FOR_APPLICATIONS = /^cache\.ts$/;
/** The dashboard shares this and nothing else with src/. */
const ADMIN_CONTRACT = /^src\/admin\/contract[^/]*\.ts$/;

export interface Packages {
	dependencies: ReadonlySet<string>;
	devDependencies: ReadonlySet<string>;
	/** Loaded only where somebody uses them: by `import()`, never at the start. */
	optionalPeers?: ReadonlySet<string>;
}

interface Edge {
	from: string;
	to: string;
}

/** Everything that breaks the rules; empty: all is well. */
export function checkFloors(tree: SourceTree, packages: Packages): Finding[] {
	const findings: Finding[] = [];
	for (const [path, text] of tree) {
		if (!isCode(path)) continue;
		const folder = featureOf(path);
		if (folder !== undefined && FLOORS[folder] === undefined) {
			findings.push({ path, text: `src/${folder} has no floor; give it one in scripts/checks/floors.ts` });
			continue;
		}
		for (const imported of readImports(text)) {
			const complaint = imported.specifier.startsWith('.')
				? complainOfFile(tree, path, imported)
				: complainOfPackage(path, imported, packages);
			if (complaint !== undefined) findings.push({ path, line: imported.line, text: complaint });
		}
	}
	return findings;
}

/** The path that a relative import names. */
export function resolveImport(from: string, specifier: string): string {
	return posix.normalize(posix.join(posix.dirname(from), specifier));
}

function complainOfFile(tree: SourceTree, from: string, { specifier, kind }: Import): string | undefined {
	const to = resolveImport(from, specifier);
	// The launcher finds the program by its place once it knows that this Node.js can run it.
	if (from.startsWith('bin/') && kind === 'url') return undefined;
	if (to.startsWith('../')) return `imports ${specifier}, which lies outside the repository`;
	if (!/\.(?:[cm]?[jt]s|json)$/.test(to)) return `imports ${specifier} without its extension`;
	if (!tree.has(to)) return `imports ${specifier}, which is not there`;
	return complainOfTop({ from, to }) ?? complainOfFloor({ from, to });
}

/** Rules between the top folders. */
function complainOfTop({ from, to }: Edge): string | undefined {
	if (PROGRAM.test(from) && !PROGRAM.test(to)) return `imports ${to}; the program imports only src/`;
	if (from.startsWith('src/') && !to.startsWith('src/'))
		return `imports ${to}, a public entry; import from src/ instead`;
	if (from.startsWith('bin/') && !to.startsWith('bin/')) return `imports ${to}; the launcher stands on its own`;
	const example = /^(?:examples|simulators)\//.exec(from)?.[0];
	if (example !== undefined && !to.startsWith(example) && !FOR_APPLICATIONS.test(to))
		return `imports ${to}; what lies in ${example} knows nothing of Ballast`;
	if (from.startsWith('dashboard/') && to.startsWith('src/') && !ADMIN_CONTRACT.test(to)) {
		return `imports ${to}; the dashboard shares only the types of src/admin/contract.ts`;
	}
	if (isTest(to)) return `imports ${to}, a test`;
	return undefined;
}

function complainOfFloor({ from, to }: Edge): string | undefined {
	const [one, other] = [featureOf(from), featureOf(to)];
	if (one === undefined || other === undefined || one === other) return undefined;
	const [floor, below] = [FLOORS[one] as number, FLOORS[other]];
	if (below === undefined || below < floor) return undefined;
	if (below > floor) return `imports ${to}: up from floor ${floor} (${one}) to floor ${below} (${other})`;
	if (isTest(from)) return undefined;
	return `imports ${to}: ${one} and ${other} stand on one floor; declare the port that ${one} needs, app plugs it in`;
}

/** `balancing` of `src/balancing/port.ts`; undefined outside of src/. */
function featureOf(path: string): string | undefined {
	return /^src\/([^/]+)\//.exec(path)?.[1];
}

function complainOfPackage(from: string, { specifier, lazy }: Import, packages: Packages): string | undefined {
	if (isBuiltin(specifier)) return specifier.startsWith('node:') ? undefined : `imports ${specifier} without \`node:\``;
	const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
	if (/^(?:bin\/|scripts\/[^/]+\.js$)/.test(from)) return `imports ${name}; it runs before anything is installed`;
	if (name === 'ballast') {
		const configuration = /(?:^|\/)ballast\.config\.[cm]?[jt]s$/.test(from);
		return configuration || from.startsWith('test/') ? undefined : 'imports ballast by name; import the file';
	}
	if (/^(?:examples|benchmarks|simulators|dashboard)\//.test(from)) return undefined;
	if (packages.dependencies.has(name)) return undefined;
	if (packages.optionalPeers?.has(name) && lazy) return undefined;
	if (!packages.devDependencies.has(name)) return `imports ${name}, which package.json does not name`;
	if (!PROGRAM.test(from) || !isShipped(from)) return undefined;
	return packages.optionalPeers?.has(name)
		? `imports ${name}, an optional peer: only types, or by \`await import()\``
		: `imports ${name}, which is only a devDependency`;
}
