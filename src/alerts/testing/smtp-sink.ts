import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface SmtpSinkOptions {
	/** PEM; with it STARTTLS is offered. */
	tls?: { cert: string; key: string };
	/** The login that is taken; without one none is offered. */
	login?: { user: string; password: string };
	/** Code with which the recipient is answered. */
	recipient?: string;
	/** Said in the clear behind the answer to STARTTLS. */
	injected?: string;
	/** Says nothing at all. */
	silent?: boolean;
}

/** A mail server of a test: it keeps the lines that it is sent, and the messages. */
export class SmtpSink implements AsyncDisposable {
	readonly lines: string[] = [];
	readonly messages: string[] = [];
	/** Lines that came in the clear. */
	readonly clear: string[] = [];
	readonly #options: SmtpSinkOptions;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(options: SmtpSinkOptions) {
		this.#options = options;
		this.#server = createServer((socket) => {
			this.#sockets.add(socket);
			socket.on('error', () => {});
			if (options.silent !== true) this.#serve(socket, false);
		});
	}

	static async open(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
		const sink = new SmtpSink(options);
		await new Promise<void>((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
		return sink;
	}

	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
	}

	#serve(socket: Socket, secure: boolean): void {
		const { tls, login, recipient = '250 ok', injected = '' } = this.#options;
		let text = '';
		let data: string | null = null;
		const answer = (line: string) => {
			if (!secure) this.clear.push(line);
			this.lines.push(line);
			const [verb = ''] = line.toUpperCase().split(' ');
			if (verb === 'EHLO') {
				const auth = login === undefined || (tls !== undefined && !secure) ? [] : ['250-AUTH LOGIN PLAIN'];
				return [`250-sink`, ...auth, ...(tls === undefined || secure ? [] : ['250-STARTTLS']), '250 SIZE 1000000'].join(
					'\r\n',
				);
			}
			if (verb === 'STARTTLS' && tls !== undefined) {
				socket.removeAllListeners('data');
				socket.write(`220 go on\r\n${injected}`);
				const over = new TLSSocket(socket, { isServer: true, ...tls });
				over.on('error', () => {});
				this.#serve(over, true);
				return null;
			}
			if (verb === 'AUTH') {
				const good = Buffer.from(`\0${login?.user}\0${login?.password}`).toString('base64');
				return line === `AUTH PLAIN ${good}` ? '235 welcome' : '535 wrong password';
			}
			if (verb === 'RCPT') return recipient;
			if (verb !== 'DATA') return '250 ok';
			data = '';
			return '354 go on';
		};
		socket.on('data', (chunk: Buffer) => {
			text += chunk.toString('latin1');
			for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
				const line = text.slice(0, end);
				text = text.slice(end + 2);
				if (data !== null) {
					if (line === '.') {
						this.messages.push(data);
						data = null;
						socket.write('250 taken\r\n');
					} else data += `${line.replace(/^\./, '')}\r\n`;
					continue;
				}
				const said = answer(line);
				if (said === null) return;
				socket.write(`${said}\r\n`);
			}
		});
		if (!secure) socket.write('220 sink\r\n');
	}
}
