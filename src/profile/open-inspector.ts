/** Opens the inspector of a running Node.js process, on loopback, and finds where. */
import { readFileSync } from 'node:fs';
import { BallastError } from '../core/errors.ts';
import { executableOf, kindOf, type ListeningSocket, listeningSockets } from './node-process.ts';

/** The inspector of a process. */
export interface OpenInspector {
	url: string;
	port: number;
	/** Somebody opened it before us: it stays. */
	wasOpen: boolean;
}

const OPEN_MS = 5000;
const LOOK_MS = 25;
const ASK_MS = 1000;

/**
 * SIGUSR1 makes Node.js listen on 127.0.0.1:9229, or where `--inspect-port` says.
 * @throws BallastError `command_failed`: not Node.js, not ours, or the port is taken.
 */
export async function openInspector(pid: number): Promise<OpenInspector> {
	refuseOthers(pid);
	const before = listeningSockets(pid);
	const already = await askAll(before.filter(({ port }) => expectedPorts(pid).has(port)));
	if (already !== undefined) return { ...already, wasOpen: true };
	const known = new Set(before.map(({ inode }) => inode));
	signal(pid);
	for (const until = performance.now() + OPEN_MS; performance.now() < until; ) {
		// The application may begin to listen in this moment, too: only one of them answers as an inspector.
		const found = await askAll(listeningSockets(pid).filter(({ inode, loopback }) => loopback && !known.has(inode)));
		if (found !== undefined) return { ...found, wasOpen: false };
		await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
	}
	throw failed(
		`process ${pid} did not open its inspector within ${OPEN_MS / 1000} s: its event loop is blocked, it listens for SIGUSR1 itself, or another process has port 9229 (start the instance with NODE_OPTIONS=--inspect-port=0 to have a free one taken)`,
	);
}

/** Waits until nothing listens there any more; false: it still does. */
export async function isClosed(pid: number, port: number, withinMs = 2000): Promise<boolean> {
	for (const until = performance.now() + withinMs; ; ) {
		if (!listeningSockets(pid).some((socket) => socket.port === port)) return true;
		if (performance.now() > until) return false;
		await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
	}
}

function refuseOthers(pid: number): void {
	const kind = kindOf(pid);
	if (kind === 'node') return;
	if (kind === 'gone')
		throw failed(`process ${pid} cannot be looked at: it has ended, or belongs to another user; run this as that user`);
	throw failed(
		kind === 'deaf'
			? `process ${pid} is Node.js, but does not take SIGUSR1 (--disable-sigusr1): it cannot be profiled while it runs`
			: `process ${pid} is ${executableOf(pid)}, not Node.js; only Node.js instances can be profiled`,
	);
}

function signal(pid: number): void {
	try {
		process.kill(pid, 'SIGUSR1');
	} catch (error) {
		throw failed(
			`process ${pid} may not be signalled (${(error as NodeJS.ErrnoException).code}); run this as the user that it belongs to`,
		);
	}
}

/** Where an inspector that is open already would listen: asked are only these, since the others are the application's. */
function expectedPorts(pid: number): Set<number> {
	const ports = new Set([9229]);
	try {
		const words = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1')).join('\0');
		for (const [, port] of words.matchAll(/--inspect(?:-brk|-wait|-port)?[= \0](?:[^ \0]*:)?(\d{1,5})(?=[ \0]|$)/g))
			ports.add(Number(port));
	} catch {
		// Not ours to read: the usual port is looked at all the same.
	}
	return ports;
}

async function askAll(sockets: readonly ListeningSocket[]): Promise<{ url: string; port: number } | undefined> {
	for (const { port } of sockets) {
		const url = await ask(port);
		if (url !== undefined) return { url, port };
	}
	return undefined;
}

/** The WebSocket of the inspector on that port; undefined: there is none. */
async function ask(port: number): Promise<string | undefined> {
	try {
		const answer = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(ASK_MS) });
		const [target] = (await answer.json()) as { type?: unknown; webSocketDebuggerUrl?: unknown }[];
		const url = target?.type === 'node' ? new URL(String(target.webSocketDebuggerUrl)) : undefined;
		// Nobody sends us elsewhere.
		return url?.hostname === '127.0.0.1' && url.port === String(port) ? url.href : undefined;
	} catch {
		return undefined;
	}
}

const failed = (message: string) => new BallastError('command_failed', message);
