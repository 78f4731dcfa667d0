/** A client that is nothing but a socket: it sends the bytes it is told to and shows the bytes that came. */
import net from 'node:net';
import tls from 'node:tls';

export interface RawClientOptions {
	host?: string;
	/** The address to come from, such as 127.0.0.7. */
	from?: string;
	/** Speaks TLS with these options. */
	tls?: tls.ConnectionOptions;
	/** Starts without reading. */
	paused?: boolean;
}

export class RawClient {
	readonly socket: net.Socket;
	/** All that came. */
	received: Buffer = Buffer.alloc(0);
	/** How much of it the reading methods have taken. */
	at = 0;
	/** Keeps what comes in `received`; off for what is too large for that. */
	keep = true;
	/** Bytes that came, kept or not. */
	bytes = 0;
	/** The other side sent FIN. */
	ended = false;
	closed = false;
	/** System code of what broke the connection, such as ECONNRESET. */
	error = '';
	readonly #carrier: net.Socket;
	#wake: (() => void)[] = [];
	#room: Buffer = Buffer.alloc(0);

	/** `carrier`: the TCP socket below a TLS one. */
	constructor(socket: net.Socket, carrier: net.Socket = socket) {
		this.socket = socket;
		this.#carrier = carrier;
		socket.setNoDelay(true);
		socket.on('data', (bytes: Buffer) => {
			this.bytes += bytes.length;
			if (this.keep) this.#append(bytes);
			this.#changed();
		});
		socket.on('end', () => {
			this.ended = true;
			this.#changed();
		});
		socket.on('error', (error: NodeJS.ErrnoException) => {
			this.error = error.code ?? error.message;
		});
		socket.on('close', () => {
			this.closed = true;
			this.#changed();
		});
	}

	#changed(): void {
		for (const wake of this.#wake.splice(0)) wake();
	}

	#append(bytes: Buffer): void {
		const { length } = this.received;
		if (length + bytes.length > this.#room.length) {
			this.#room = Buffer.alloc(2 * (length + bytes.length));
			this.received.copy(this.#room);
		}
		bytes.copy(this.#room, length);
		this.received = this.#room.subarray(0, length + bytes.length);
	}

	/** Resolves once this holds, looked at after each event. Rejects with what came. */
	async until(holds: () => boolean, what = 'what the test waits for', withinMs = 15_000): Promise<void> {
		const deadline = performance.now() + withinMs;
		for (;;) {
			if (holds()) return;
			const rest = deadline - performance.now();
			if (rest <= 0) throw new Error(`${what} did not come in ${withinMs} ms; this came: ${this.shown()}`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, rest);
				this.#wake.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}

	/** What came, for messages. */
	shown(): string {
		const text = this.received.toString('latin1', Math.max(0, this.received.length - 2000));
		return `${JSON.stringify(text)}${this.ended ? ' FIN' : ''}${this.error === '' ? '' : ` ${this.error}`}`;
	}

	/** The text of all that came. */
	text(): string {
		return this.received.toString('latin1');
	}

	send(bytes: string | Uint8Array): void {
		if (typeof bytes === 'string') this.socket.write(bytes, 'latin1');
		else this.socket.write(bytes);
	}

	/** Lets go of what was read, for connections that live long. */
	forget(): void {
		this.received = this.received.subarray(this.at);
		this.at = 0;
		this.#room = this.received;
	}

	/** Sends FIN; what comes is still read. */
	finish(bytes = ''): void {
		this.socket.end(bytes, 'latin1');
	}

	/** Leaves at once. */
	destroy(): void {
		this.socket.destroy();
	}

	/** Leaves with RST. */
	reset(): void {
		this.#carrier.resetAndDestroy();
		this.socket.destroy();
	}

	/** Up to and with this text, from where the last read ended. */
	async readTo(end: string, withinMs = 15_000): Promise<string> {
		let found = -1;
		const holds = () => {
			found = this.received.indexOf(end, this.at, 'latin1');
			return found >= 0 || this.closed || this.ended;
		};
		await this.until(holds, JSON.stringify(end), withinMs);
		if (found < 0) throw new Error(`the connection ended before ${JSON.stringify(end)}; this came: ${this.shown()}`);
		const text = this.received.toString('latin1', this.at, found + end.length);
		this.at = found + end.length;
		return text;
	}

	async read(length: number, withinMs = 15_000): Promise<Buffer> {
		const enough = () => this.received.length >= this.at + length;
		await this.until(() => enough() || this.closed || this.ended, `${length} bytes`, withinMs);
		if (!enough()) throw new Error(`the connection ended before ${length} bytes; this came: ${this.shown()}`);
		const bytes = this.received.subarray(this.at, this.at + length);
		this.at += length;
		return bytes;
	}

	/** One answer with its body, as RFC 9112 §6.3 frames it. */
	async answer(options: { method?: string; withinMs?: number } = {}): Promise<Answer> {
		const { method = 'GET', withinMs = 15_000 } = options;
		const raw = await this.readTo('\r\n\r\n', withinMs);
		const head = new Answer(raw);
		if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return head;
		if (head.field('transfer-encoding')?.toLowerCase() === 'chunked') {
			const { body, trailers } = await this.readChunks(withinMs);
			head.body = body;
			head.trailers.push(...trailers);
		} else if (head.field('content-length') !== undefined) {
			head.body = await this.read(Number(head.field('content-length')), withinMs);
		} else {
			await this.until(() => this.ended || this.closed, 'the end', withinMs);
			head.body = this.received.subarray(this.at);
			this.at = this.received.length;
		}
		return head;
	}

	/** A chunked body with its trailers (RFC 9112 §7.1). */
	async readChunks(withinMs = 15_000): Promise<{ body: Buffer; trailers: string[] }> {
		const pieces: Buffer[] = [];
		const trailers: string[] = [];
		for (;;) {
			const line = await this.readTo('\r\n', withinMs);
			if (!/^[0-9a-f]+(?:;.*)?\r\n$/i.test(line)) throw new Error(`${JSON.stringify(line)} is no size of a chunk`);
			const size = Number.parseInt(line, 16);
			if (size === 0) break;
			pieces.push(await this.read(size, withinMs));
			if ((await this.read(2, withinMs)).toString() !== '\r\n') throw new Error('a chunk does not end with CRLF');
		}
		for (;;) {
			const line = await this.readTo('\r\n', withinMs);
			if (line === '\r\n') return { body: Buffer.concat(pieces), trailers };
			trailers.push(line.slice(0, -2));
		}
	}
}

/** An answer as it stood on the wire. */
export class Answer {
	readonly raw: string;
	readonly status: number;
	/** Field lines in their order, as they came. */
	readonly lines: string[];
	readonly trailers: string[] = [];
	body: Buffer = Buffer.alloc(0);

	constructor(raw: string) {
		this.raw = raw;
		const [first = '', ...lines] = raw.split('\r\n');
		this.lines = lines.filter((line) => line !== '');
		this.status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
	}

	/** All values of this field, in order. */
	fields(name: string): string[] {
		return fieldsOf(this.lines, name);
	}

	field(name: string): string | undefined {
		return this.fields(name)[0];
	}

	get text(): string {
		return this.body.toString('latin1');
	}

	/** Its body, read as JSON. */
	json<T = unknown>(): T {
		return JSON.parse(this.text) as T;
	}
}

/** The values of a field among these lines. */
export function fieldsOf(lines: readonly string[], name: string): string[] {
	const start = `${name.toLowerCase()}:`;
	return lines.filter((line) => line.toLowerCase().startsWith(start)).map((line) => line.slice(start.length).trim());
}

export async function connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
	const { paused = false, host = '127.0.0.1', from } = options;
	const local = from === undefined ? {} : { localAddress: from };
	const carrier = net.connect({ host, port, allowHalfOpen: true, ...local });
	const secured = { socket: carrier, allowHalfOpen: true, ...options.tls };
	const socket = options.tls === undefined ? carrier : tls.connect(secured);
	if (paused) socket.pause();
	const client = new RawClient(socket, carrier);
	if (paused) socket.pause();
	await new Promise<void>((resolve, reject) => {
		socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => resolve());
		socket.once('close', () => reject(new Error(`no connection to ${port}: ${client.error}`)));
	});
	return client;
}
