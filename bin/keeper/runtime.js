// Which Node.js this runs under, and how to go on under a newer one. Runs on any Node ≥ 18.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

/** SO_REUSEPORT for listening sockets needs 23.1, type stripping without a flag 23.6; 24 is the first LTS with both. */
const LEAST_MAJOR = 24;
/** Descriptor of the pipe between the launcher and a keeper that it started. */
export const LAUNCHER_FD = 3;
const SCRIPT = fileURLToPath(new URL('../ballast.js', import.meta.url));

export const MISSING_NODE = [
	`Ballast needs Node.js ${LEAST_MAJOR} or newer. This is Node.js ${process.versions.node} (${process.execPath}),`,
	'and there is no newer one beside Ballast.',
	'In a clone of Ballast: run `npm install`, it brings the right one along.',
	`Otherwise install Node.js ${LEAST_MAJOR} or newer: https://nodejs.org/en/download`,
	'',
].join('\n');

export function isEnough(version) {
	return Number.parseInt(version, 10) >= LEAST_MAJOR;
}

/** The Node.js that the `node` package brought along, in any `node_modules` above; undefined for none. */
export function findNode() {
	const platform = process.platform === 'win32' ? 'win' : process.platform;
	const suffix = `${platform}-${process.arch}`;
	const file = process.platform === 'win32' ? 'node.exe' : 'node';
	for (let folder = dirname(SCRIPT); ; folder = dirname(folder)) {
		const modules = join(folder, 'node_modules');
		const places = [join(modules, 'node')];
		for (const base of [modules, join(modules, 'node', 'node_modules')]) {
			places.push(join(base, `node-${suffix}`), join(base, `node-bin-${suffix}`));
		}
		for (const place of places) {
			const node = join(place, 'bin', file);
			if (existsSync(node) && isEnough(versionOf(node))) return node;
		}
		if (dirname(folder) === folder) return undefined;
	}
}

function versionOf(node) {
	const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 });
	return status === 0 ? stdout.trim().replace(/^v/, '') : '0';
}

/** Replaces this process where Node.js can (≥ 22.15), else starts the other and stays beside it. */
export function goOnUnder(node, { argv, keeper }) {
	if (typeof process.execve === 'function') process.execve(node, [node, SCRIPT, ...argv], process.env);
	const hadTerminal = hasTerminal();
	// A keeper gets a session of its own: one Ctrl-C must reach it once, through this process.
	const child = spawn(node, [SCRIPT, ...argv], {
		detached: keeper,
		stdio: keeper ? ['inherit', 'inherit', 'inherit', 'pipe'] : 'inherit',
		env: keeper ? { ...process.env, BALLAST_LAUNCHER: '1' } : process.env,
	});
	child.stdio[LAUNCHER_FD]?.on('error', () => {});
	child.on('error', (error) => {
		process.stderr.write(`ballast: ${node} could not be started: ${error.message}\n`);
		process.exit(1);
	});
	child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
	process.on('SIGTERM', () => child.kill('SIGTERM'));
	// The terminal has sent SIGINT to a child that is no keeper already.
	process.on('SIGINT', () => keeper && child.kill('SIGINT'));
	process.on('SIGHUP', () => child.kill(hadTerminal && isTerminalGone() ? 'SIGTERM' : 'SIGHUP'));
}

export function hasTerminal() {
	return [0, 1, 2].some((fd) => isatty(fd));
}

/** Whether the terminal was closed: SIGHUP then means the end, otherwise a reload. */
export function isTerminalGone() {
	try {
		closeSync(openSync('/dev/tty', 'r'));
		return false;
	} catch {
		return true;
	}
}
