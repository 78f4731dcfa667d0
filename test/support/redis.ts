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

	private constructor(port: number, more: readonly string[]) {
		this.port = port;
		this.#more = more;
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

	/** Starts it again, empty, on the same port. */
	async begin(): Promise<void> {
		const options = [
			'--port',
			`${this.port}`,
			'--bind',
			'127.0.0.1',
			'--save',
			'',
			'--appendonly',
			'no',
			...this.#more,
		];
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

	/** It goes on holding its connections, and says nothing: SIGSTOP. */
	freeze(): void {
		this.#process?.kill('SIGSTOP');
	}

	thaw(): void {
		this.#process?.kill('SIGCONT');
	}
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
