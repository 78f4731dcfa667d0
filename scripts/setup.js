/**
 * Prepares a clone: the dependencies that package-lock.json names, and the Node.js that the project
 * is pinned to (the npm package `node`). Runs before `npm start`, `npm test` and the like, so it is
 * plain JavaScript without a dependency that any Node.js ≥ 18 takes, and quick when nothing is to do.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.env.BALLAST_SETUP_ROOT ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const pinned = join(modules, '.bin', 'node');
/** Says for which lockfile and machine the installation was found complete. */
const stamp = join(modules, '.ballast-setup');

const OFFLINE =
	/ENOTFOUND|EAI_AGAIN|EAI_FAIL|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET/;

const UNREACHED =
	'npm did not reach the registry (see above). The first start downloads the dependencies once; ' +
	'try again with a connection, or name a mirror: npm config set registry URL';

class SetupError extends Error {}

try {
	setUp();
} catch (error) {
	if (!(error instanceof SetupError)) throw error;
	process.stderr.write(`\nBallast cannot be set up: ${error.message}\n`);
	process.exitCode = 1;
}

function setUp() {
	if (Number(process.versions.node.split('.')[0]) < 18) {
		throw new SetupError(`Node.js 18 or newer is needed to begin with; this is ${process.version}.`);
	}
	if (readText(stamp) === fingerprint() && pinnedProblem() === undefined) return;
	const started = Date.now();
	if (!isComplete()) {
		say('Installing what package-lock.json names; this is done once …');
		install();
	}
	if (pinnedProblem() !== undefined) repairPinned();
	writeFileSync(stamp, fingerprint());
	if (Date.now() - started > 1000) say(`Ready after ${Math.round((Date.now() - started) / 1000)} s.`);
}

function fingerprint() {
	const hash = createHash('sha256');
	for (const name of ['package.json', 'package-lock.json']) hash.update(readText(join(root, name)) ?? '');
	return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`;
}

/** True when everything that the lockfile asks for is there in that version, whoever installed it. */
function isComplete() {
	const wanted = readPackages(join(root, 'package-lock.json'));
	const found = readPackages(join(modules, '.package-lock.json'));
	if (wanted === undefined || found === undefined) return false;
	const own = JSON.parse(readText(join(root, 'package.json')) ?? '{}');
	for (const kind of ['dependencies', 'devDependencies', 'workspaces']) {
		if (JSON.stringify(own[kind]) !== JSON.stringify(wanted[''][kind])) return false;
	}
	return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
		if (!path.includes('node_modules/')) return true;
		return found[path] === undefined ? Boolean(optional || peer) : found[path].version === version;
	});
}

function install() {
	// npm would empty the folder that it leads to, which is another clone's.
	if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
		throw new SetupError('node_modules is a link, and not what package-lock.json names; remove it and begin again.');
	const options = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
	const first = npm(['ci', ...options], root);
	if (first.status === 0) return;
	// npm explains a lockfile that does not fit at great length.
	if (/EUSAGE/.test(first.output))
		say('package-lock.json does not fit what npm finds; `npm install --no-save` is tried.');
	else complain(first.output);
	if (OFFLINE.test(first.output)) throw new SetupError(UNREACHED);
	const second = npm(['install', '--no-save', ...options], root);
	complain(second.output);
	if (OFFLINE.test(second.output)) throw new SetupError(UNREACHED);
	if (second.status !== 0) throw new SetupError('npm could not install the dependencies (see above).');
}

/** What is wrong with the pinned Node.js; undefined: nothing. */
function pinnedProblem() {
	const version = JSON.parse(readText(join(modules, 'node', 'package.json')) ?? '{}').version;
	if (version === undefined) return 'the package `node` is not installed';
	if (!existsSync(pinned)) return `${pinned} is missing`;
	if (realpathSync(pinned) === realpathSync(process.execPath)) {
		return process.versions.node === version ? undefined : `it is ${process.version} and should be v${version}`;
	}
	const { stdout, error, status } = spawnSync(pinned, ['--version'], { encoding: 'utf8', timeout: 20_000 });
	if (error !== undefined) return error.message;
	if (stdout.trim() === `v${version}`) return undefined;
	return status === 0 ? `it is ${stdout.trim()} and should be v${version}` : `it ends with ${status}`;
}

/** Fetches the pinned Node.js itself: npm does not when install scripts are switched off. */
function repairPinned() {
	const folder = join(modules, 'node');
	const installer = join(folder, 'installArchSpecificPackage.js');
	if (!existsSync(installer)) {
		throw new SetupError('the npm package `node` is not there; is `omit` set to dev in an npmrc?');
	}
	say('Fetching the pinned Node.js …');
	const env = { ...process.env, PATH: `${dirname(machineNode())}:${process.env.PATH ?? ''}` };
	const { status, stdout, stderr } = spawnSync(machineNode(), [installer], { cwd: folder, env, encoding: 'utf8' });
	const link = existsSync(join(folder, 'bin', 'node')) && !existsSync(pinned);
	if (link) symlinkSync(join('..', 'node', 'bin', 'node'), pinned);
	const problem = pinnedProblem();
	if (problem === undefined) return;
	process.stderr.write(`${stdout}${stderr}`);
	if (status !== 0 && OFFLINE.test(stderr)) {
		throw new SetupError('the pinned Node.js could not be downloaded (see above). Try again with a connection.');
	}
	throw new SetupError(
		`the pinned Node.js does not run on this machine (${process.platform}-${process.arch}): ${problem}.`,
	);
}

/** Runs npm; `output` is what it complained of. */
function npm(args, cwd) {
	const byFile = basename(process.env.npm_execpath ?? '') === 'npm-cli.js';
	const command = byFile ? [machineNode(), process.env.npm_execpath, ...args] : ['npm', ...args];
	const { status, error, stderr } = spawnSync(command[0], command.slice(1), {
		cwd,
		stdio: ['ignore', 'ignore', 'pipe'],
		encoding: 'utf8',
		maxBuffer: 64 * 1024 * 1024,
	});
	if (error?.code === 'ENOENT') {
		throw new SetupError('npm is not there. It comes with Node.js (https://nodejs.org); install it and try again.');
	}
	if (error !== undefined) throw new SetupError(`npm could not be run: ${error.message}`);
	return { status, output: stderr };
}

/** The Node.js that npm runs on, never the pinned one: that is being replaced. */
function machineNode() {
	return process.env.npm_node_execpath ?? process.execPath;
}

function readPackages(file) {
	try {
		return JSON.parse(readText(file) ?? '').packages;
	} catch {
		return undefined;
	}
}

function readText(file) {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined;
	}
}

/** What npm said, without the trace of its own code. */
function complain(output) {
	const lines = output.split('\n').filter((line) => !/^npm (?:error|ERR!)\s+(?:at |\{|\}|[a-z]+: |$)/.test(line));
	process.stderr.write(`${lines.slice(0, 20).join('\n')}\n`);
}

function say(text) {
	process.stdout.write(`${text}\n`);
}
