/** Real keepers for tests: each in a folder of its own, taken away in the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../bin/ballast.js', import.meta.url));
const SHORT = fileURLToPath(new URL('./fixtures/short-times.js', import.meta.url));
const CORE = fileURLToPath(new URL('./fixtures/core.ts', import.meta.url));

export interface Options {
	plan?: Record<string, unknown>;
	/** Shorter waits of the keeper, ms. */
	times?: Record<string, unknown>;
	args?: string[];
	node?: string;
	env?: Record<string, string>;
	folder?: string;
	/** Behind a terminal of its own, by script(1); `type` writes to it. */
	terminal?: boolean;
	/** In a process group of its own, like a command of a terminal. */
	detached?: boolean;
}

export interface Answer {
	id: number | null;
	ok: boolean;
	// biome-ignore lint/suspicious/noExplicitAny: every command has a result of its own.
	result: any;
	code?: string;
	message?: string;
	lines: string[];
}

export class Running {
	readonly child: ChildProcess;
	readonly folder: string;
	readonly socketPath: string;
	output = '';
	readonly exited: Promise<{ code: number | null; signal: string | null; afterMs: number }>;

	constructor(options: Options, folder: string) {
		this.folder = folder;
		this.socketPath = join(folder, 'ballast', 'default.sock');
		this.plan(options.plan ?? {});
		const { BALLAST_SOCKET: _, ...inherited } = process.env;
		const env = {
			...inherited,
			XDG_RUNTIME_DIR: folder,
			BALLAST_CORE: CORE,
			PLAN: join(folder, 'plan.json'),
			SHELL: '/bin/sh',
			...options.env,
		};
		const script = options.times ? SHORT : LAUNCHER;
		const startedAt = performance.now();
		const command = [options.node ?? process.execPath, script, ...(options.args ?? ['up'])];
		// script(1) runs what $SHELL says, else sh; a sh that stays in front of the launcher would die of Ctrl-C itself.
		const inTerminal = ['script', '-qfec', `exec ${command.join(' ')}`, '/dev/null'];
		const [program, ...args] = options.terminal ? inTerminal : command;
		this.child = spawn(program as string, args, {
			detached: options.detached ?? false,
			stdio: [options.terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
			env: options.times ? { ...env, TIMES: JSON.stringify(options.times) } : env,
		});
		this.child.stdout?.on('data', (chunk) => {
			this.output += chunk;
		});
		this.child.stderr?.on('data', (chunk) => {
			this.output += chunk;
		});
		this.exited = new Promise((resolve) => {
			this.child.on('exit', (code, signal) => resolve({ code, signal, afterMs: performance.now() - startedAt }));
		});
	}

	get pid(): number {
		return this.child.pid as number;
	}

	type(text: string): void {
		this.child.stdin?.write(text);
	}

	/** What the next core reads at its start. */
	plan(plan: Record<string, unknown>): void {
		writeFileSync(join(this.folder, 'plan.json'), JSON.stringify(plan));
	}

	/** Waits until the core is ready, and says what it knows. */
	async info(): Promise<Answer['result']> {
		await until(() =>
			this.command('info').then(
				({ ok }) => ok,
				() => false,
			),
		);
		return (await this.command('info')).result;
	}

	command(command: string, args: Record<string, unknown> = {}): Promise<Answer> {
		return control(this.socketPath, { id: 7, command, args });
	}

	/** As `command`; throws when it fails. */
	async run(command: string, args: Record<string, unknown> = {}): Promise<Answer['result']> {
		const answer = await this.command(command, args);
		if (!answer.ok) throw new Error(`${command}: ${answer.message}`);
		return answer.result;
	}

	spawnInstance(id: string, command: string[], more: Record<string, unknown> = {}): Promise<Answer> {
		const env = { PATH: process.env['PATH'] as string };
		const spec = { id, service: 'api', command, cwd: this.folder, env, user: null, labels: { port: '1234' }, ...more };
		return this.command('spawn', { spec });
	}
}

/** Keepers by folder: the last one takes it away. */
const SHARERS = new Map<string, Set<Running>>();

/** Starts a keeper; what it leaves behind when the test ends is killed. */
export function start(t: TestContext, options: Options = {}): Running {
	const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'ballast-keeper-'));
	const running = new Running(options, folder);
	const sharers = SHARERS.get(folder) ?? new Set();
	SHARERS.set(folder, sharers.add(running));
	t.after(async () => {
		// The guards end the rest.
		running.child.kill('SIGKILL');
		await running.exited;
		sharers.delete(running);
		if (sharers.size > 0) return;
		await until(() => processesOf(folder).length === 0);
		rmSync(folder, { recursive: true, force: true });
	});
	return running;
}

/** Sends one request over the control socket and collects its answer. */
export function control(path: string, request: unknown): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const socket = net.connect(path);
		const lines: string[] = [];
		socket.on('error', reject);
		socket.on('close', () => reject(new Error('the control connection was closed')));
		createInterface({ input: socket })
			.on('error', () => {})
			.on('line', (text) => {
				const message = JSON.parse(text);
				if ('line' in message) lines.push(message.line);
				else {
					resolve({ ...message, lines });
					socket.destroy();
				}
			});
		socket.write(`${typeof request === 'string' ? request : JSON.stringify(request)}\n`);
	});
}

export async function until(condition: () => boolean | Promise<boolean>, mostMs = 20_000): Promise<void> {
	const end = performance.now() + mostMs;
	while (!(await condition())) {
		if (performance.now() > end) throw new Error(`waited ${mostMs} ms in vain for ${condition}`);
		await pause(15);
	}
}

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}

export function isAlive(pid: number): boolean {
	try {
		return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
	} catch {
		return false;
	}
}

/** Live processes with the folder in their environment: keeper, cores, and instances that were given it. */
export function processesOf(folder: string): number[] {
	return pids().filter((pid) => pid !== process.pid && isAlive(pid) && read(`/proc/${pid}/environ`).includes(folder));
}

/** Guards of a keeper: shells whose parent it is. */
export function childrenOf(parent: number): { pid: number; command: string }[] {
	const children = pids().filter((pid) => Number(read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1]) === parent);
	return children.filter(isAlive).map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') }));
}

function pids(): number[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map(Number);
}

function read(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}
