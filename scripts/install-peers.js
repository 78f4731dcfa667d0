/** The programs of others that tests talk to, from the system's packages. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian packages, each with the command of its name. */
const PEERS = [
	...['curl', 'wrk', 'openssl', 'nginx', 'haproxy', 'slowhttptest', 'prometheus', 'prometheus-alertmanager'],
	...['awscli', 'postgresql', 'redis-server'],
];
/** Where the command is called otherwise. */
const COMMANDS = { awscli: 'aws', postgresql: 'pg_ctlcluster' };
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin'];
/** Tells Debian's packages not to start the services that they bring. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs what is missing, where that is allowed (apt-get, root; not with BALLAST_NO_INSTALL=1). Gives one line
 * that says how it stands; whatever fails is no error: the tests that need a peer say themselves that they skip.
 */
export function installTestPeers() {
	const missing = PEERS.filter((peer) => !isThere(peer));
	if (missing.length === 0) return `${PEERS.join(', ')} are there`;
	const why = whyNot();
	if (why === undefined) install(missing);
	const still = missing.filter((peer) => !isThere(peer));
	if (still.length === 0) return `installed ${missing.join(', ')}`;
	const reason = why ?? 'apt-get could not install it';
	return `${still.join(', ')} missing (${reason}); the tests that need it are skipped. Debian: apt-get install ${still.join(' ')}`;
}

function whyNot() {
	if (process.env.BALLAST_NO_INSTALL) return 'BALLAST_NO_INSTALL is set';
	if (!isThere('apt-get')) return 'there is no apt-get here';
	return process.geteuid?.() === 0 ? undefined : 'only root may install packages';
}

function install(names) {
	console.log(`installing ${names.join(', ')} …`);
	const quiet = !existsSync(POLICY);
	if (quiet) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
	try {
		if (aptGet(['install', ...names]) === 0) return;
		// The lists may be old or missing; and one that is not to be had must not keep the others away.
		aptGet(['update']);
		for (const name of names) aptGet(['install', name]);
	} finally {
		if (quiet) rmSync(POLICY, { force: true });
	}
}

function aptGet(args) {
	const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=30', '-o', 'Acquire::Retries=1', '--no-install-recommends'];
	const { status, stderr } = spawnSync('apt-get', [...options, ...args], {
		stdio: ['ignore', 'ignore', 'pipe'],
		encoding: 'utf8',
		timeout: 120_000,
		env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
	});
	if (status !== 0) process.stdout.write(`apt-get ${args.join(' ')}: ${stderr?.trim().split('\n').at(-1)}\n`);
	return status;
}

function isThere(name) {
	const command = COMMANDS[name] ?? name;
	return FOLDERS.some((folder) => {
		try {
			accessSync(join(folder, command), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}
