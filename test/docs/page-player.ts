/** Does what a page of the documentation tells its reader to do, and says what came of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Block } from '../../scripts/checks/shell-blocks.ts';
import { freePorts } from '../support/free-ports.ts';

const root = join(import.meta.dirname, '..', '..');
/** What the pages say; the blocks of `in=clone` really use them. */
export const WRITTEN_PORTS = { listen: 8080, admin: 9900 } as const;
const RUN_MS = 60_000;
const START_MS = 30_000;
const STOP_MS = 45_000;

interface Started {
	child: ChildProcess;
	output: () => string;
	ended: Promise<number | null>;
}

/** A reader with a folder, a run folder and two ports of their own. */
export class PagePlayer {
	readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-docs-'));
	readonly #ports: { listen: number; admin: number };
	#started: Started | null = null;

	private constructor(listen: number, admin: number) {
		this.#ports = { listen, admin };
		mkdirSync(join(this.#folder, 'page'));
		mkdirSync(join(this.#folder, 'run'), { mode: 0o700 });
		mkdirSync(join(this.#folder, 'bin'));
		this.#writeCommand();
	}

	static async create(): Promise<PagePlayer> {
		const [listen, admin] = await freePorts(2);
		return new PagePlayer(listen as number, admin as number);
	}

	/** `ballast` in the reader's PATH; `run` listens on our port where the page names none. */
	#writeCommand(): void {
		const launcher = `exec '${process.execPath}' '${join(root, 'bin', 'ballast.js')}'`;
		const command = join(this.#folder, 'bin', 'ballast');
		const run = `if [ "$1" = run ]; then shift; ${launcher} run --port ${this.#ports.listen} "$@"; fi`;
		writeFileSync(command, `#!/bin/sh\n${run}\n${launcher} "$@"\n`);
		chmodSync(command, 0o755);
	}

	/** Throws with all that was printed when the block does not do what its page says. */
	async play(block: Block): Promise<void> {
		const { file } = block.attributes;
		if (file !== undefined) this.#write(file, block.text);
		if (block.language !== 'sh' || block.how === 'skip') return;
		if (block.how === 'start') await this.#start(block);
		else await this.#run(block);
	}

	/** Ends what runs, as Ctrl-C does. Throws when that fails, or leaves a process behind. */
	async stop(): Promise<void> {
		const started = this.#started;
		this.#started = null;
		if (started !== null) {
			// A terminal sends Ctrl-C to all in the foreground, npm among them, which sends it on once more.
			if (started.child.exitCode === null) process.kill(-(started.child.pid as number), 'SIGINT');
			const code = await Promise.race([started.ended, sleep(STOP_MS, 'late', { ref: false })]);
			if (code === 'late') process.kill(-(started.child.pid as number), 'SIGKILL');
			if (code !== 0) throw new Error(`what was started ends with ${code}:\n${started.output()}`);
		}
		const left = await this.#leftOver();
		if (left.length > 0) throw new Error(`processes are left: ${left.join(', ')}`);
	}

	/** Whatever a failed page left running ends here. */
	close(): void {
		const pid = this.#started?.child.pid;
		if (pid !== undefined && this.#started?.child.exitCode === null) process.kill(-pid, 'SIGKILL');
		for (const left of processesIn(this.#folder)) process.kill(Number(left), 'SIGKILL');
		rmSync(this.#folder, { recursive: true, force: true });
	}

	#write(file: string, text: string): void {
		const own = this.#withOwnPorts(text);
		const isConfig = /^ballast\.(?:ya?ml)$/.test(file);
		const admin = isConfig && !/^admin:/m.test(own) ? `\nadmin: ${this.#ports.admin}\n` : '';
		writeFileSync(join(this.#folder, 'page', file), own + admin);
	}

	#withOwnPorts(text: string): string {
		return text
			.replaceAll(String(WRITTEN_PORTS.listen), String(this.#ports.listen))
			.replaceAll(String(WRITTEN_PORTS.admin), String(this.#ports.admin));
	}

	async #run(block: Block): Promise<void> {
		const { child, output, ended } = this.#spawn(block);
		const code = await Promise.race([ended, sleep(RUN_MS, 'late', { ref: false })]);
		if (code === 'late') process.kill(-(child.pid as number), 'SIGKILL');
		if (code !== 0) throw new Error(`ends with ${code}:\n${output()}${this.#story()}`);
	}

	async #start(block: Block): Promise<void> {
		await this.stop();
		const started = this.#spawn(block);
		this.#started = started;
		const port = block.attributes['in'] === 'clone' ? WRITTEN_PORTS.listen : this.#ports.listen;
		const until = Date.now() + START_MS;
		// What it says once all of it is there, the admin listener too; `npm start` has words of its own.
		const said = (): boolean => block.attributes['in'] === 'clone' || /\bserving\b/.test(started.output());
		while (!(said() && (await accepts(port)))) {
			if (started.child.exitCode !== null || Date.now() > until) {
				throw new Error(`does not listen on ${port}:\n${started.output()}`);
			}
			await sleep(50);
		}
	}

	#spawn({ attributes, text }: Block): Started {
		const inClone = attributes['in'] === 'clone';
		// Like a terminal: one shell, and what it starts in one group. `exec` where there is one command only.
		const script = inClone ? text : this.#withOwnPorts(text);
		const single = script.trim().split('\n').length === 1 ? `exec ${script}` : script;
		const child = spawn('bash', ['-euo', 'pipefail', '-c', single], {
			cwd: inClone ? root : join(this.#folder, 'page'),
			env: this.#environment(),
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		let printed = '';
		for (const stream of [child.stdout, child.stderr])
			stream.setEncoding('utf8').on('data', (part) => (printed += part));
		const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
		return { child, output: () => printed, ended };
	}

	#environment(): NodeJS.ProcessEnv {
		const { NODE_TEST_CONTEXT: _, BALLAST_SOCKET: __, ...env } = process.env;
		return {
			...env,
			PATH: `${join(this.#folder, 'bin')}:${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
			XDG_RUNTIME_DIR: join(this.#folder, 'run'),
		};
	}

	#story(): string {
		return this.#started === null ? '' : `\nwhat was started printed:\n${this.#started.output()}`;
	}

	/** Processes that still work in our folder; the last of them may take a moment. Empty where that cannot be told. */
	async #leftOver(): Promise<string[]> {
		for (let look = 0; look < 40; look++) {
			const left = processesIn(this.#folder);
			if (left.length === 0) return left;
			await sleep(50);
		}
		return processesIn(this.#folder);
	}
}

function processesIn(folder: string): string[] {
	if (process.platform !== 'linux') return [];
	return readdirSync('/proc').filter((pid) => {
		if (!/^\d+$/.test(pid)) return false;
		try {
			return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
		} catch {
			return false;
		}
	});
}

export function accepts(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = net.connect(port, '127.0.0.1');
		const done = (answer: boolean) => {
			socket.destroy();
			resolve(answer);
		};
		socket.once('connect', () => done(true));
		socket.once('error', () => done(false));
	});
}
