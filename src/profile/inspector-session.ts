/** A conversation with the inspector of a Node.js process: the Chrome DevTools protocol over a WebSocket. */
import { BallastError } from '../core/errors.ts';

interface Waiting {
	resolve(result: Record<string, unknown>): void;
	reject(error: unknown): void;
}

export interface InspectorSession {
	/** The result of a method. Throws `command_failed`: refused, unanswered within `quietMs` (default 10 s), or the connection ended. */
	call(method: string, parameters?: Record<string, unknown>, quietMs?: number): Promise<Record<string, unknown>>;
	close(): void;
}

const OPEN_MS = 3000;

/** @throws BallastError `command_failed` */
export async function inspectorSession(url: string): Promise<InspectorSession> {
	const socket = new WebSocket(url);
	const waiting = new Map<number, Waiting>();
	const fail = (text: string) => {
		for (const { reject } of waiting.values()) reject(failed(text));
		waiting.clear();
	};
	await opened(socket);
	socket.addEventListener('close', () => fail('the process ended, or closed its inspector, while it was profiled'));
	socket.addEventListener('error', () => fail('the connection to the inspector broke'));
	socket.addEventListener('message', ({ data }) => settle(String(data), waiting));
	let last = 0;
	return {
		call: (method, parameters = {}, quietMs = 10_000) =>
			new Promise((resolve, reject) => {
				if (socket.readyState !== WebSocket.OPEN) return reject(failed('the connection to the inspector has ended'));
				const id = ++last;
				const timer = setTimeout(() => {
					waiting.delete(id);
					reject(failed(`the process did not answer ${method} for ${quietMs / 1000} s; is its event loop blocked?`));
				}, quietMs);
				const end = <T>(act: (value: T) => void) => {
					return (value: T) => {
						clearTimeout(timer);
						act(value);
					};
				};
				waiting.set(id, { resolve: end(resolve), reject: end(reject) });
				socket.send(JSON.stringify({ id, method, params: parameters }));
			}),
		close: () => socket.close(),
	};
}

function opened(socket: WebSocket): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => {
			socket.close();
			reject(failed('the inspector of the process does not take the connection'));
		}, OPEN_MS);
		socket.addEventListener('open', () => {
			clearTimeout(timer);
			resolve();
		});
		socket.addEventListener('error', () => {
			clearTimeout(timer);
			reject(failed('the inspector of the process refuses the connection'));
		});
	});
}

function settle(text: string, waiting: Map<number, Waiting>): void {
	let message: { id?: unknown; result?: unknown; error?: { message?: unknown } };
	try {
		message = JSON.parse(text);
	} catch {
		return;
	}
	const id = message?.id;
	if (typeof id !== 'number') return;
	const call = waiting.get(id);
	waiting.delete(id);
	const { result, error } = message;
	if (error !== undefined) call?.reject(failed(`the inspector refuses: ${String(error?.message)}`));
	else call?.resolve(typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : {});
}

const failed = (message: string) => new BallastError('command_failed', message);
