/** One HTTP/1.1 exchange on a plain socket, with nothing that hides a lost request: no retry, no pool. */
import { connect, type Socket } from 'node:net';

/** Most time for one exchange, the connect included. */
const PATIENCE_MS = 15_000;

export interface Connection {
	readonly socket: Socket;
	/** When connecting began, as `performance.now()`. */
	readonly openedAt: number;
	connected: boolean;
}

export interface Answer {
	readonly status: number;
	readonly head: string;
	/** The server said that it closes the connection. */
	readonly close: boolean;
}

export function open(port: number): Connection {
	const socket = connect({ port, host: '127.0.0.1', noDelay: true });
	// A socket without a listener would end the process at an error between two exchanges.
	socket.on('error', () => undefined);
	const connection: Connection = { socket, openedAt: performance.now(), connected: false };
	socket.once('connect', () => {
		connection.connected = true;
	});
	return connection;
}

/** Sends `text` and reads the answer that belongs to it. Rejects with why when none comes whole. */
export function exchange({ socket, connected }: Connection, text: string): Promise<Answer> {
	return new Promise((resolve, reject) => {
		let received = '';
		const finish = (result: Answer | Error) => {
			clearTimeout(timer);
			socket.off('data', onData).off('error', onError).off('close', onClose);
			if (result instanceof Error) {
				socket.destroy();
				reject(result);
			} else resolve(result);
		};
		const onData = (chunk: Buffer) => {
			received += chunk.toString('latin1');
			const answer = parseAnswer(received);
			if (answer !== undefined) finish(answer);
		};
		const onError = (error: NodeJS.ErrnoException) => finish(new Error(error.code ?? error.message));
		const onClose = () => finish(new Error(received === '' ? 'closed without an answer' : 'closed within the answer'));
		const timer = setTimeout(() => finish(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
		socket.on('data', onData).on('error', onError).on('close', onClose);
		if (socket.destroyed) finish(new Error('the connection was closed before the request'));
		else if (connected) socket.write(text);
		else socket.once('connect', () => socket.write(text));
	});
}

/** The answer at the start of `received` once all of it is there; an Error when it cannot be read; undefined when more must come. */
export function parseAnswer(received: string): Answer | Error | undefined {
	const end = received.indexOf('\r\n\r\n');
	if (end < 0) return undefined;
	const head = received.slice(0, end);
	const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN);
	const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN);
	if (Number.isNaN(status) || Number.isNaN(length)) return new Error(`unreadable answer: ${head.slice(0, 80)}`);
	if (received.length < end + 4 + length) return undefined;
	if (received.length > end + 4 + length) return new Error('bytes behind the answer');
	return { status, head, close: /^connection: *close/im.test(head) };
}
