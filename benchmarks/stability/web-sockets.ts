/** WebSockets that stay open while things change around them, and answer when asked. */
import { WebSocket } from 'ws';

export interface OpenWebSockets {
	/** How many have been closed by anyone but us. */
	cut(): number;
	/** Sends a word on each that is open; resolves to how many gave it back within `waitMs`. */
	echo(word: string, waitMs: number): Promise<number>;
	close(): void;
}

/** Opens `count` of them; rejects when one does not open. */
export async function openWebSockets(port: number, count: number): Promise<OpenWebSockets> {
	let cut = 0;
	let closing = false;
	const sockets = await Promise.all(Array.from({ length: count }, () => openOne(port)));
	for (const socket of sockets) {
		socket.on('error', () => undefined);
		socket.on('close', () => {
			if (!closing) cut++;
		});
	}
	return {
		cut: () => cut,
		echo: async (word, waitMs) => {
			const answers = await Promise.all(sockets.map((socket) => echoOne(socket, word, waitMs)));
			return answers.filter((good) => good).length;
		},
		close: () => {
			closing = true;
			for (const socket of sockets) socket.terminate();
		},
	};
}

function openOne(port: number): Promise<WebSocket> {
	return new Promise((resolve, reject) => {
		const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
		socket.once('open', () => resolve(socket));
		socket.once('error', reject);
	});
}

function echoOne(socket: WebSocket, word: string, waitMs: number): Promise<boolean> {
	if (socket.readyState !== WebSocket.OPEN) return Promise.resolve(false);
	return new Promise((resolve) => {
		const done = (good: boolean) => {
			clearTimeout(timer);
			socket.off('message', onMessage).off('close', onClose);
			resolve(good);
		};
		const onMessage = (data: Buffer) => done(data.toString() === word);
		const onClose = () => done(false);
		const timer = setTimeout(() => done(false), waitMs);
		socket.on('message', onMessage).on('close', onClose);
		socket.send(word);
	});
}
