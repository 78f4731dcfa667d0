// Who listens on a port, as far as /proc tells.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

const LISTEN = '0A';
const MOST_NAME = 100;

/** ` by node server.js (pid 123)`, ` by another user (uid 1001)`, or '' when it cannot be told. */
export async function portOwner(port) {
	try {
		const sockets = (
			await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => listening(path, port)))
		).flat();
		if (sockets.length === 0) return '';
		const pid = await holderOf(new Set(sockets.map((socket) => `socket:[${socket.inode}]`)));
		if (pid !== undefined) return ` by ${await nameOf(pid)} (pid ${pid})`;
		const { uid } = sockets[0];
		return uid === process.geteuid() ? '' : ` by a process of another user (uid ${uid})`;
	} catch {
		return '';
	}
}

async function listening(path, port) {
	const text = await readFile(path, 'utf8').catch(() => '');
	const rows = text
		.split('\n')
		.slice(1)
		.map((line) => line.trim().split(/\s+/));
	const found = rows.filter((row) => row[3] === LISTEN && Number.parseInt(row[1].split(':')[1], 16) === port);
	return found.map((row) => ({ uid: Number(row[7]), inode: row[9] }));
}

async function holderOf(links) {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	for (const pid of pids) {
		const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
		for (const file of files) {
			const link = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
			if (links.has(link)) return Number(pid);
		}
	}
	return undefined;
}

/** Program and first argument; more could hold a secret. */
async function nameOf(pid) {
	const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
		.split('\0')
		.filter((word) => word !== '');
	if (words.length === 0) return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process')).trim();
	const script = words[1] !== undefined && !words[1].startsWith('-') ? ` ${words[1]}` : '';
	// What another program calls itself goes to a terminal.
	const name = `${basename(words[0])}${script}`.replace(/[^\x20-\x7e]/g, '?');
	return name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}…` : name;
}
