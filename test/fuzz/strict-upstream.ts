import net from 'node:net';
import { type Recorded, readRequest } from './plain-form.ts';

/**
 * An instance that understands one form of a request only, the plainest: anything that another program could read in
 * two ways is a fault. It notes every byte and answers each request with 200.
 */
export class StrictUpstream {
	/** Requests that came whole. */
	requests: Recorded[] = [];
	/** What did not have that form. */
	faults: string[] = [];
	/** Bytes of requests that are not whole, by connection. */
	readonly #open = new Map<net.Socket, Buffer>();
	readonly #server = net.createServer((socket) => this.#serve(socket));

	async start(): Promise<string> {
		await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
		return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
	}

	stop(): void {
		this.#server.close();
		for (const socket of this.#open.keys()) socket.destroy();
	}

	/** Begun requests whose connection is still there. */
	get unfinished(): number {
		return [...this.#open.values()].filter((bytes) => bytes.length > 0).length;
	}

	#serve(socket: net.Socket): void {
		this.#open.set(socket, Buffer.alloc(0));
		socket.setNoDelay(true);
		socket.on('error', () => {});
		socket.on('close', () => this.#open.delete(socket));
		socket.on('data', (piece: Buffer) => {
			const bytes = Buffer.concat([this.#open.get(socket) as Buffer, piece]);
			this.#open.set(socket, bytes);
			try {
				const request = readRequest(bytes.toString('latin1'));
				if (request === null) return;
				this.requests.push(request);
				this.#open.set(socket, Buffer.alloc(0));
				socket.write(
					`HTTP/1.1 200 OK\r\nContent-Length: ${request.line.startsWith('HEAD ') ? 0 : 2}\r\n\r\n${request.line.startsWith('HEAD ') ? '' : 'ok'}`,
				);
			} catch (error) {
				this.faults.push(`${(error as Error).message} in ${JSON.stringify(bytes.toString('latin1'))}`);
				socket.destroy();
			}
		});
	}
}
