/** Which processes of this machine are Node.js, and where they listen; from /proc, so on Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** A bit of `SigCgt`: SIGUSR1 is signal 10. */
const USR1_BIT = 1n << 9n;
/** A tree of processes that is larger is not looked through. */
const MOST_PROCESSES = 1000;
/** Clock ticks a second: what Linux gives to programs, whatever the kernel's own. */
const TICKS = 100;

export interface ListeningSocket {
	inode: string;
	port: number;
	/** Whether only this machine reaches it. */
	loopback: boolean;
}

/** `node`: it can be profiled. `deaf`: Node.js that does not take SIGUSR1, or would end by it. `other`: something else. `gone`: there is no such process, or it is not ours to look at. */
export type ProcessKind = 'node' | 'deaf' | 'other' | 'gone';

/** What the process is. SIGUSR1 ends a program that does not expect it: so both its file and its handler are looked at. */
export function kindOf(pid: number): ProcessKind {
	try {
		if (!/^(?:node|nodejs)(?:[-.]?\d[\w.-]*)?$/.test(basename(executableOf(pid)))) return 'other';
		const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
		return caught !== undefined && (BigInt(`0x${caught}`) & USR1_BIT) !== 0n ? 'node' : 'deaf';
	} catch {
		return 'gone';
	}
}

/** The path of the program's file. Throws where there is no such process. */
export function executableOf(pid: number): string {
	return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
}

/** The process and all that descend from it, itself first; at most 1,000. */
export function processTree(pid: number): number[] {
	const children = new Map<number, number[]>();
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		const parent = Number(statOf(Number(name))?.[1]);
		if (Number.isNaN(parent)) continue;
		const siblings = children.get(parent) ?? [];
		siblings.push(Number(name));
		children.set(parent, siblings);
	}
	const found = [pid];
	for (let at = 0; at < found.length && found.length < MOST_PROCESSES; at++) {
		found.push(...(children.get(found[at] as number) ?? []));
	}
	return found;
}

/** CPU time so far, ms; 0: it is gone. */
export function cpuMsOf(pid: number): number {
	const stat = statOf(pid);
	// utime and stime: fields 14 and 15 of proc_pid_stat(5); state, the third, stands first here.
	return stat === undefined ? 0 : ((Number(stat[11]) + Number(stat[12])) * 1000) / TICKS;
}

/** Its id as it sees itself: another one in a container. */
export function ownPidOf(pid: number): number {
	const own = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
	return Number(own?.trim().split(/\s+/).at(-1) ?? pid);
}

/** The TCP sockets on which the process listens. */
export function listeningSockets(pid: number): ListeningSocket[] {
	const own = new Set(socketInodes(pid));
	if (own.size === 0) return [];
	return [`/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`].flatMap(readTable).filter(({ inode }) => own.has(inode));
}

function socketInodes(pid: number): string[] {
	const found: string[] = [];
	try {
		for (const name of readdirSync(`/proc/${pid}/fd`)) {
			const inode = inodeOf(`/proc/${pid}/fd/${name}`);
			if (inode !== undefined) found.push(inode);
		}
	} catch {
		// It is gone, or somebody else's.
	}
	return found;
}

function inodeOf(path: string): string | undefined {
	try {
		return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
	} catch {
		// Closed since the folder was read.
		return undefined;
	}
}

/** The sockets of a table that listen (state 0A). */
function readTable(path: string): ListeningSocket[] {
	let text: string;
	try {
		text = readFileSync(path, 'latin1');
	} catch {
		return [];
	}
	const found: ListeningSocket[] = [];
	for (const line of text.split('\n').slice(1)) {
		const fields = line.trim().split(/\s+/);
		const [address = '', port] = (fields[1] ?? '').split(':');
		if (fields[3] !== '0A' || port === undefined) continue;
		const loopback = /^.{6}7F$/.test(address) || address === '00000000000000000000000001000000';
		found.push({ inode: fields[9] ?? '', port: Number.parseInt(port, 16), loopback });
	}
	return found;
}

/** What stands behind the name in /proc/PID/stat, which may hold anything: state, parent, … */
function statOf(pid: number): string[] | undefined {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return text.slice(text.lastIndexOf(')') + 2).split(' ');
	} catch {
		return undefined;
	}
}
