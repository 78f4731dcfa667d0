/** Starts the program for a test, as a user would: launcher, keeper, core, workers, on free ports, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type ControlCommand, control } from '../../src/cli/control-client.ts';
import { freePorts } from './free-ports.ts';

export const LAUNCHER: string = fileURLToPath(new URL('../../bin/ballast.js', import.meta.url));

/** YAML, or the same as an object. Where `listen` or `admin` is left out it is put on a free port of loopback. */
export type ConfigText = string | Record<string, unknown>;

export interface BallastOptions {
	/** More arguments, behind `up ballast.yaml`. */
	args?: readonly string[];
	/** Instead of `up` with a configuration: the arguments of `run` (`['--instances', '2', '--', 'node', 'x.js']`). */
	run?: readonly string[];
	env?: Record<string, string>;
	/** More files for the folder that it runs in, by relative path. */
	files?: Record<string, string>;
	/** false: started is as soon as it listens; by default when each service has a ready instance too. */
	ready?: boolean;
	/** Most time to start, ms; default 20 s. */
	startMs?: number;
	/** Another Node.js than the one that runs the test. */
	node?: string;
}

export interface Ended {
	code: number | null;
	signal: NodeJS.Signals | null;
}

/** A running Ballast. */
export interface Ballast {
	/** Of the first listener: `http://127.0.0.1:41234`. */
	readonly url: string;
	readonly port: number;
	/** 0 where the configuration switches it off, and with `run`. */
	readonly adminPort: number;
	/** The keeper's. */
	readonly pid: number;
	/** Where it runs; taken away by `stop`. */
	readonly folder: string;
	readonly socketPath: string;
	/** When the keeper ends, by whomever. */
	readonly ended: Promise<Ended>;
	/** All that it has printed. */
	output(): string;
	/** Waits until it has printed this. `from`: a length of `output()` to look behind. */
	printed(what: string | RegExp, options?: { from?: number; withinMs?: number }): Promise<void>;
	/** Writes the configuration anew; `control('reload')` takes it up. */
	configure(config: ConfigText): void;
	/** One command over the control socket; throws the error that it answers with. */
	control(command: ControlCommand, args?: Record<string, unknown>): Promise<unknown>;
	/** SIGTERM, SIGKILL if that does not end it in 20 s; then the folder is removed. May be called twice. */
	stop(): Promise<Ended>;
	[Symbol.asyncDispose](): Promise<void>;
}

const STOP_MS = 20_000;

/**
 * Resolves once it listens and (unless `ready: false`) an instance of each service is ready. Throws with
 * all that it printed when it ends before or takes too long; nothing is left running then.
 */
export async function startBallast(config: ConfigText, options: BallastOptions = {}): Promise<Ballast> {
	const folder = mkdtempSync(join(tmpdir(), 'ballast-'));
	const [port, adminPort] = (await freePorts(2)) as [number, number];
	const running = new RunningBallast(folder, { port, adminPort, config, options });
	try {
		await running.started(options);
		return running;
	} catch (error) {
		running.kill();
		await running.stop();
		throw error;
	}
}

interface Setup {
	port: number;
	adminPort: number;
	config: ConfigText;
	options: BallastOptions;
}

class RunningBallast implements Ballast {
	url = '';
	port: number;
	adminPort: number;
	readonly folder: string;
	readonly socketPath: string;
	readonly ended: Promise<Ended>;
	readonly #child: ChildProcess;
	#output = '';
	#hasEnded = false;
	#wake: (() => void)[] = [];

	constructor(folder: string, { port, adminPort, config, options }: Setup) {
		this.folder = folder;
		this.socketPath = join(folder, 'control.sock');
		this.port = port;
		this.adminPort = adminPort;
		for (const [path, text] of Object.entries(options.files ?? {})) {
			mkdirSync(dirname(join(folder, path)), { recursive: true });
			writeFileSync(join(folder, path), text);
		}
		if (options.run === undefined) this.configure(config);
		else this.adminPort = 0;
		const command =
			options.run === undefined ? ['up', 'ballast.yaml', ...(options.args ?? [])] : ['run', ...options.run];
		// Node's test runner marks the processes that it starts; ours are no part of it.
		const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
		this.#child = spawn(options.node ?? process.execPath, [LAUNCHER, ...command], {
			cwd: folder,
			// The keeper stops when the launcher's pipe closes: so nothing outlives a test process that is killed.
			stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
			env: {
				...inherited,
				BALLAST_SOCKET: this.socketPath,
				BALLAST_LAUNCHER: '1',
				XDG_STATE_HOME: join(folder, '.state'),
				...options.env,
			},
		});
		for (const stream of [this.#child.stdout, this.#child.stderr])
			stream?.setEncoding('utf8').on('data', (text) => this.#add(text));
		this.#child.stdio[3]?.on('error', () => {});
		this.ended = new Promise((resolve) => {
			this.#child.on('error', (error) => this.#add(`${error}\n`));
			this.#child.on('close', (code, signal) => {
				this.#hasEnded = true;
				this.#add('');
				resolve({ code, signal });
			});
		});
	}

	#add(text: string): void {
		this.#output += text;
		for (const wake of this.#wake.splice(0)) wake();
	}

	get pid(): number {
		return this.#child.pid ?? 0;
	}

	output(): string {
		return this.#output;
	}

	configure(config: ConfigText): void {
		writeFileSync(join(this.folder, 'ballast.yaml'), withPorts(config, this));
	}

	async started({ startMs = 20_000, ready = true }: BallastOptions): Promise<void> {
		const until = performance.now() + startMs;
		await this.printed(/ serving .* with \d+ workers?/, { withinMs: startMs });
		const address = /listening on (https?:\/\/\S+:(\d+))$/m.exec(this.#output);
		if (address === null) throw this.#failed('it does not say where it listens');
		this.url = address[1] as string;
		this.port = Number(address[2]);
		if (this.adminPort !== 0 && / admin +error: /.test(this.#output))
			throw this.#failed('its admin listener does not work');
		while (ready && !(await this.#isReady())) {
			if (performance.now() > until) throw this.#failed(`it is not ready after ${startMs} ms`);
			await sleep(15);
		}
	}

	async printed(what: string | RegExp, { from = 0, withinMs = 10_000 } = {}): Promise<void> {
		const until = performance.now() + withinMs;
		for (;;) {
			const text = this.#output.slice(from);
			if (typeof what === 'string' ? text.includes(what) : text.search(what) >= 0) return;
			if (this.#hasEnded) throw this.#failed(`it ended before it printed ${what}`);
			const rest = until - performance.now();
			if (rest <= 0) throw this.#failed(`it has not printed ${what} in ${withinMs} ms`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, rest);
				this.#wake.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}

	#failed(why: string): Error {
		return new Error(`Ballast: ${why}. It printed:\n${this.#output === '' ? '(nothing)' : this.#output}`);
	}

	async #isReady(): Promise<boolean> {
		const { services } = (await this.control('status')) as { services: { desired: number; ready: number }[] };
		return services.every((service) => service.ready > 0 || service.desired === 0);
	}

	control(command: ControlCommand, args: Record<string, unknown> = {}): Promise<unknown> {
		return control({ path: this.socketPath, runDir: null }, command, args, { quietMs: 60_000 });
	}

	kill(): void {
		this.#child.kill('SIGKILL');
	}

	async stop(): Promise<Ended> {
		this.#child.kill('SIGTERM');
		const timer = setTimeout(() => this.kill(), STOP_MS);
		const ended = await this.ended;
		clearTimeout(timer);
		this.#child.stdio[3]?.destroy();
		rmSync(this.folder, { recursive: true, force: true });
		return ended;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.stop();
	}
}

/** The text with a free port for each listener that it does not name. */
function withPorts(config: ConfigText, ports: { adminPort: number; port: number }): string {
	const given = (typeof config === 'string' ? (parse(config) ?? {}) : config) as Record<string, unknown>;
	const missing: Record<string, number> = {};
	if (!('listen' in given)) missing['listen'] = ports.port;
	if (!('admin' in given)) missing['admin'] = ports.adminPort;
	else ports.adminPort = portOf(given['admin']);
	if (typeof config !== 'string') return JSON.stringify({ ...missing, ...config }, null, '  ');
	const lines = Object.entries(missing).map(([key, value]) => `${key}: ${value}\n`);
	return `${lines.join('')}${config}`;
}

/** Of a value of `admin`; 0: it is switched off. */
function portOf(admin: unknown): number {
	if (typeof admin === 'object' && admin !== null) return Number((admin as { port?: unknown }).port ?? 0);
	return Number(/\d+$/.exec(String(admin))?.[0] ?? 0);
}
