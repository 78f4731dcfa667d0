/** Clients that send one request after another without a rest, half of them on a new connection each time. */
import { type Answer, type Connection, exchange, open } from './request.ts';

/** A request that got no answer of 200. */
export interface Failure {
	/** When it began, when its connection began, and when it was given up (`performance.now()`). */
	readonly startedAt: number;
	readonly openedAt: number;
	readonly endedAt: number;
	readonly why: string;
}

export interface LoopingClients {
	readonly failures: readonly Failure[];
	/** Requests that were answered with 200. */
	answered(): number;
	/** Requests that have begun and are not answered. */
	inFlight(): number;
	/** Called for each answer of 200, with the times of its request. */
	onAnswer: ((openedAt: number, endedAt: number) => void) | undefined;
	/** Lets each client end its request; resolves when all have. */
	stop(): Promise<void>;
}

/** After a failure, so that a closed door is not hammered. */
const REST_MS = 5;
/** Every how many requests a slow one (100 ms) and an upload come by. */
const SLOW_EACH = 20;
const UPLOAD_EACH = 5;

/** Starts `keepAlive` clients that keep their connection and `fresh` ones that do not. */
export function loopClients(port: number, keepAlive: number, fresh: number): LoopingClients {
	const failures: Failure[] = [];
	let stopped = false;
	let answered = 0;
	let inFlight = 0;
	const clients: LoopingClients = {
		failures,
		answered: () => answered,
		inFlight: () => inFlight,
		onAnswer: undefined,
		stop: async () => {
			stopped = true;
			await Promise.all(loops);
		},
	};

	async function loop(keep: boolean, index: number): Promise<void> {
		let connection: Connection | undefined;
		for (let turn = index; !stopped; turn++) {
			connection ??= open(port);
			const { openedAt } = connection;
			const startedAt = performance.now();
			inFlight++;
			let closed = !keep;
			try {
				const answer: Answer = await exchange(connection, requestText(turn, keep));
				if (answer.status !== 200) throw new Error(wrongStatus(answer));
				closed ||= answer.close;
				answered++;
				clients.onAnswer?.(openedAt, performance.now());
			} catch (error) {
				closed = true;
				failures.push({ startedAt, openedAt, endedAt: performance.now(), why: (error as Error).message });
				await new Promise((resolve) => setTimeout(resolve, REST_MS));
			} finally {
				inFlight--;
			}
			if (closed) {
				connection.socket.destroy();
				connection = undefined;
			}
		}
		connection?.socket.destroy();
	}

	const loops = Array.from({ length: keepAlive + fresh }, (_, index) => loop(index < keepAlive, index));
	return clients;
}

function requestText(turn: number, keep: boolean): string {
	const fields = `Host: api.example.com\r\n${keep ? '' : 'Connection: close\r\n'}`;
	if (turn % SLOW_EACH === 0) return `GET /wait/100 HTTP/1.1\r\n${fields}\r\n`;
	if (turn % UPLOAD_EACH === 0)
		return `POST /upload HTTP/1.1\r\n${fields}Content-Length: 26\r\n\r\n${'{"title":"a small upload"}'}`;
	return `GET /v1/items/${turn} HTTP/1.1\r\n${fields}\r\n`;
}

/** The status, and what a proxy says about it (RFC 9209). */
function wrongStatus(answer: Answer): string {
	const proxyStatus = /^proxy-status: *(.*)$/im.exec(answer.head)?.[1];
	return `status ${answer.status}${proxyStatus === undefined ? '' : ` (${proxyStatus.trim()})`}`;
}

/** How often each reason came, most frequent first: `12 × ECONNRESET`. */
export function reasons(failures: readonly Failure[]): string {
	const counts = Map.groupBy(failures, (failure) => failure.why);
	return [...counts]
		.toSorted((a, b) => b[1].length - a[1].length)
		.map(([why, all]) => `${all.length} × ${why}`)
		.slice(0, 6)
		.join(', ');
}
