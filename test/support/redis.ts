/** A real Redis, from the system's packages, that keeps nothing on disk. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { freePorts } from './free-ports.ts';
import { eventually } from './suite.ts';

/** Why tests with it are skipped; false: it is there. */
export const NO_REDIS: string | false =
	spawnSync('redis-server', ['--version']).error === undefined
		? false
		: 'Redis is not installed: apt-get install redis-server';

export class RedisServer {
	readonly port: number;
	#process: ChildProcess | undefined;

	readonly #more: readonly string[];
	/** The file of a Sentinel; '': it is none. */
	readonly #sentinel: string;

	private constructor(port: number, more: readonly string[], sentinel = '') {
		this.port = port;
		this.#more = more;
		this.#sentinel = sentinel;
	}

	get url(): string {
		return `redis://127.0.0.1:${this.port}`;
	}

	/** Resolves when it answers. `more`: arguments. */
	static async start(more: readonly string[] = []): Promise<RedisServer> {
		const redis = new RedisServer((await freePorts(1))[0] as number, more);
		try {
			await redis.begin();
			return redis;
		} catch (error) {
			await redis.end();
			throw error;
		}
	}

	/** A Sentinel, which keeps its state in this file. */
	static async sentinel(file: string): Promise<RedisServer> {
		const redis = new RedisServer((await freePorts(1))[0] as number, [], file);
		try {
			await redis.begin();
			return redis;
		} catch (error) {
			await redis.end();
			throw error;
		}
	}

	/** Starts it again, empty, on the same port. */
	async begin(): Promise<void> {
		const own = ['--port', `${this.port}`, '--bind', '127.0.0.1'];
		const options =
			this.#sentinel === ''
				? [...own, ...['--save', '', '--appendonly', 'no'], ...this.#more]
				: [this.#sentinel, ...own, '--sentinel'];
		this.#process = spawn('redis-server', options, { stdio: 'ignore', cwd: '/tmp' });
		await eventually(
			() => answers(this.port),
			(is) => is,
			10_000,
		);
	}

	/** As `kill -9`, unless another signal is named. */
	async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
		const running = this.#process;
		this.#process = undefined;
		if (running === undefined || running.exitCode !== null) return;
		const closed = once(running, 'close');
		running.kill(signal);
		await closed;
	}

	/** What it answers to a command without blanks in its arguments, as it comes. */
	ask(...command: readonly string[]): Promise<string> {
		return answerOf(this.port, command.join(' '));
	}

	/** It goes on holding its connections, and says nothing: SIGSTOP. */
	freeze(): void {
		this.#process?.kill('SIGSTOP');
	}

	thaw(): void {
		this.#process?.kill('SIGCONT');
	}
}

/** Of one command: what comes before the answer to the PING behind it. */
async function answerOf(port: number, line: string): Promise<string> {
	const socket = net.connect(port, '127.0.0.1');
	const end = '+PONG\r\n';
	let text = '';
	try {
		socket.write(`${line}\r\nPING\r\n`);
		for await (const data of socket) {
			text += String(data);
			if (text.endsWith(end)) break;
		}
	} finally {
		socket.destroy();
	}
	return text.slice(0, -end.length);
}

function answers(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
		const end = (is: boolean) => {
			socket.destroy();
			resolve(is);
		};
		socket.once('data', (data) => end(/^(?:\+PONG|-NOAUTH)/.test(data.toString())));
		socket.once('error', () => end(false));
	});
}
