/** A Ballast of its own for the demo, in a temporary folder, started and asked as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { control } from '../../src/cli/control-client.ts';
import { readStatus, type Status } from '../../src/cli/status-answer.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LAUNCHER = join(ROOT, 'bin', 'ballast.js');

export interface CommandResult {
	code: number;
	out: string;
	err: string;
}

export class DemoBallast {
	readonly port: number;
	readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-demo-'));
	readonly #keeper: ChildProcess;
	readonly #ended: Promise<number | null>;
	/** Every process id that was seen, to tell at the end that none is left. */
	readonly #pids = new Set<number>();

	constructor(port: number) {
		this.port = port;
		this.writeConfig();
		const log = openSync(this.#log, 'w');
		// Its input is a pipe that only we hold: even after a kill -9 of the demo nothing is left.
		const env = { ...process.env, BALLAST_LAUNCHER: '1' };
		const args = [LAUNCHER, 'up', this.config, '--socket', this.#socket];
		this.#keeper = spawn(process.execPath, args, { stdio: ['ignore', log, log, 'pipe'], env });
		this.#keeper.stdio[3]?.on('error', () => {});
		this.#ended = new Promise((resolve) => {
			this.#keeper.once('exit', resolve);
			this.#keeper.once('error', () => resolve(1));
		});
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get config(): string {
		return join(this.#folder, 'ballast.yaml');
	}

	get #log(): string {
		return join(this.#folder, 'ballast.log');
	}

	get #socket(): string {
		return join(this.#folder, 'control.sock');
	}

	/** The configuration, good or with mistakes in it. */
	writeConfig(kind: 'good' | 'bad' = 'good'): void {
		const text = configText(this.port, join(this.#folder, 'data'));
		const bad = text
			.replace('health:', 'helth:')
			.replace('grace: 10s', 'grace: ten seconds')
			.replace('scale: 3', 'scale: { min: 3, max: 2 }');
		writeFileSync(this.config, kind === 'good' ? text : bad);
	}

	/** A command of the command line, as a process. */
	command(...argv: string[]): Promise<CommandResult> {
		const child = spawn(process.execPath, [LAUNCHER, ...argv, '--socket', this.#socket], { cwd: this.#folder });
		const result = { code: 1, out: '', err: '' };
		child.stdout.setEncoding('utf8').on('data', (text: string) => void (result.out += text));
		child.stderr.setEncoding('utf8').on('data', (text: string) => void (result.err += text));
		return new Promise((resolve, reject) => {
			child.once('error', reject);
			child.once('close', (code) => resolve({ ...result, code: code ?? 1 }));
		});
	}

	async status(): Promise<Status> {
		const status = readStatus(await control({ path: this.#socket, runDir: null }, 'status', {}, { quietMs: 5000 }));
		for (const { instances } of status.services) for (const { pid } of instances) if (pid !== null) this.#pids.add(pid);
		this.#pids.add(status.core.pid);
		return status;
	}

	/** Asks until it is so. Throws with what Ballast printed when it ends, or does not come to it in time. */
	async until(what: string, isSo: (status: Status) => boolean, mostMs: number): Promise<void> {
		for (const end = Date.now() + mostMs; Date.now() < end; await pause(50)) {
			if (this.#keeper.exitCode !== null)
				throw new Error(`Ballast ended (exit code ${this.#keeper.exitCode}):\n${this.lastLines()}`);
			const status = await this.status().catch(() => undefined);
			if (status !== undefined && isSo(status)) return;
		}
		throw new Error(`not within ${mostMs / 1000} s: ${what}\n${this.lastLines()}`);
	}

	lastLines(): string {
		return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
	}

	/** Drains and stops; gives the exit code and the processes that are left. */
	async stop(): Promise<{ code: number | null; left: number[] }> {
		this.#keeper.kill('SIGTERM');
		const code = await Promise.race([this.#ended, pause(30_000).then(() => null)]);
		return { code, left: [...this.#pids].filter(isAlive) };
	}

	/** At once; nothing stays behind. */
	clean(): void {
		if (this.#keeper.exitCode === null && this.#keeper.signalCode === null) this.#keeper.kill('SIGKILL');
		rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
	}
}

/** Nobody listens on it now. */
export async function freePort(): Promise<number> {
	const probe = createServer();
	await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
	const { port } = probe.address() as { port: number };
	await new Promise((resolve) => probe.close(resolve));
	return port;
}

function configText(port: number, dataDir: string): string {
	const quoted = JSON.stringify;
	return `listen: ${port}
admin: off
stop: { grace: 10s }
services:
  videos:
    match: [/v1/*, /healthz]
    instances:
      run: [${quoted(process.execPath)}, server.ts]
      cwd: ${quoted(join(ROOT, 'examples', 'video-api'))}
      env:
        HOST: 127.0.0.1
        DATA_DIR: ${quoted(dataDir)}
        SPEED: "600"
        LOG_LEVEL: warn
      grace: 10s
    health: { path: /healthz, interval: 1s }
    scale: 3
    upstream: { idle: 60s }
    timeouts: { firstByte: 30s }
    routes:
      POST /v1/render: {}
      POST /v1/assets: { limits: { body: 33MiB } }
      GET /v1/videos/:id/events: {}
`;
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

export function pause(ms: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, ms);
	});
}
