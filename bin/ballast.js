#!/usr/bin/env node
// The launcher: any Node ≥ 18 can start it. Under a Node that is new enough it becomes the keeper
// (`up`, `run`) or runs the command line; under an older one it goes on under one that is.
import { existsSync } from 'node:fs';
import { wantsKeeper } from './keeper/arguments.js';
import { findNode, goOnUnder, isEnough, MISSING_NODE } from './keeper/runtime.js';

async function runCommandLine(argv) {
	const source = new URL('../src/cli/main.ts', import.meta.url);
	const cli = existsSync(source) ? source : new URL('../dist/src/cli/main.js', import.meta.url);
	const { main } = await import(cli.href);
	process.exitCode = await main(argv);
}

async function start(argv) {
	if (!isEnough(process.versions.node)) {
		const node = findNode();
		if (node) return goOnUnder(node, { argv, keeper: wantsKeeper(argv) });
		process.stderr.write(MISSING_NODE);
		process.exitCode = 1;
		return;
	}
	const { enableCompileCache } = await import('./keeper/compile-cache.js');
	enableCompileCache();
	if (!wantsKeeper(argv)) return runCommandLine(argv);
	const { startKeeper } = await import('./keeper/keeper.js');
	await startKeeper(argv);
}

await start(process.argv.slice(2));
