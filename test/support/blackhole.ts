/** An address that takes no connection and refuses none, like a machine that is gone: the queue of a stopped process, filled. */
import { type ChildProcess, spawn } from 'node:child_process';
import net from 'node:net';

const LISTEN = `
const server = require('node:net').createServer((socket) => socket.on('error', () => {}));
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;

export class Blackhole {
	readonly port: number;
	readonly #child: ChildProcess;
	readonly #fill: net.Socket[] = [];

	constructor(child: ChildProcess, port: number) {
		this.#child = child;
		this.port = port;
	}

	/** Until this it accepts connections. */
	async close(): Promise<void> {
		process.kill(this.#child.pid as number, 'SIGSTOP');
		while (await this.#connects());
	}

	/** One connection more waits in the queue; false: there is no room. */
	#connects(): Promise<boolean> {
		return new Promise((resolve) => {
			const socket = net.connect(this.port, '127.0.0.1', () => resolve(true)).on('error', () => {});
			this.#fill.push(socket);
			setTimeout(() => resolve(false), 150);
		});
	}

	remove(): void {
		for (const socket of this.#fill) socket.destroy();
		this.#child.kill('SIGKILL');
	}

	[Symbol.dispose](): void {
		this.remove();
	}
}

export async function openBlackhole(): Promise<Blackhole> {
	const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
	const port = await new Promise<number>((resolve, reject) => {
		child.stdout.once('data', (text) => resolve(Number(text)));
		child.once('exit', () => reject(new Error('the listening process ended')));
	});
	return new Blackhole(child, port);
}
