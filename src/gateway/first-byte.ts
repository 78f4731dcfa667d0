import type net from 'node:net';

/** How long a connection is read on after the last answer, so that a reset does not overtake it. */
const LINGER_MS = 2000;

/** Where a connection to a TLS port goes by its first byte. */
export interface FirstByte {
	/** Most time until it comes, ms. */
	waitMs: number;
	/** Nothing of what came was taken. */
	secure(socket: net.Socket): void;
	/** What to say to a client that speaks plain HTTP. */
	plain(): Buffer;
}

/**
 * Looks at the first byte that a client sends to a TLS port, and hands the connection on. A handshake never begins
 * with a letter (RFC 8446 §5.1: 22; SSL 2.0: 128 and more), and the method of a request always does: who sends
 * one is told so before the connection is closed.
 */
export function sortByFirstByte(socket: net.Socket, to: FirstByte): void {
	socket.on('error', ignore);
	socket.setTimeout(to.waitMs, close);
	const look = (): void => {
		const bytes: Buffer | null = socket.read();
		if (bytes === null && !socket.readableEnded && !socket.destroyed) return;
		socket.off('readable', look);
		socket.off('end', look);
		socket.setTimeout(0, close);
		if (bytes === null) socket.destroy();
		else if (isLetter(bytes[0] as number)) sayGoodbye(socket, to.plain());
		else {
			socket.unshift(bytes);
			to.secure(socket);
			// TLS listens for errors from here on.
			socket.off('error', ignore);
		}
	};
	socket.on('readable', look);
	socket.on('end', look);
}

function sayGoodbye(socket: net.Socket, answer: Buffer): void {
	const timer = setTimeout(() => socket.destroy(), LINGER_MS);
	socket.once('close', () => clearTimeout(timer));
	socket.end(answer);
	socket.resume();
}

const isLetter = (byte: number): boolean => (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);

const ignore = (): void => {};

function close(this: net.Socket): void {
	this.destroy();
}
