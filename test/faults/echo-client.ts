/** One connection to Ballast whose requests each have an id, and a check of each answer, or part of one, against that id. */
import net from 'node:net';
import { AnswerReader, fieldOf, type ReadAnswer } from './answer-reader.ts';
import { type Deed, textOf } from './echo-text.ts';

export interface Asked {
	id: string;
	method: 'GET' | 'HEAD' | 'POST' | 'PUT';
	/** Of the answer. */
	size: number;
	deed: Deed;
	/** Of the request's body. */
	bodySize: number;
	chunked: boolean;
	/** The client asks for the end of the connection. */
	last: boolean;
}

/**
 * `answered`: whole, by an instance; `refused`: an error of Ballast's own; `cut`: part of an answer;
 * `unanswered`: the connection ended before any of it; `wrong`: not the answer to this request.
 */
export type Outcome = 'answered' | 'refused' | 'cut' | 'unanswered' | 'wrong';

export interface Told {
	asked: Asked;
	outcome: Outcome;
	status: number;
	/** What is wrong, or why there is no answer. */
	why: string;
	/** Who answered. */
	instance: string;
	/** From its sending, ms; and when it was over (`performance.now()`). */
	tookMs: number;
	atMs: number;
}

export class EchoClient {
	/** Asked and not answered yet, with the time of the sending. */
	readonly waiting: { asked: Asked; sentMs: number }[] = [];
	readonly #socket: net.Socket;
	readonly #reader = new AnswerReader();
	readonly #tell: (told: Told) => void;
	/** No more requests by this connection. */
	over = false;
	#broken = '';
	#wake: () => void = () => {};

	/** `tell` hears of each request once. */
	constructor(port: number, tell: (told: Told) => void) {
		this.#tell = tell;
		this.#socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
		this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
		this.#socket.on('error', (error: NodeJS.ErrnoException) => {
			this.#broken = error.code ?? error.message;
		});
		this.#socket.on('close', () => this.#closed());
	}

	/** Connected, or not: a connection that is refused carries no request. */
	async connected(): Promise<boolean> {
		return new Promise((resolve) => {
			this.#socket.once('connect', () => resolve(true));
			this.#socket.once('close', () => resolve(false));
		});
	}

	/** Sends these behind one another in one write, and resolves when nothing is waited for any more. */
	ask(requests: readonly Asked[], gap = 0): Promise<void> {
		const now = performance.now();
		for (const asked of requests) this.waiting.push({ asked, sentMs: now });
		const bytes = requests.map(bytesOf).join('');
		if (gap > 0 && gap < bytes.length) {
			this.#socket.write(bytes.slice(0, gap), 'latin1');
			setTimeout(() => this.#socket.write(bytes.slice(gap), 'latin1'), 2);
		} else this.#socket.write(bytes, 'latin1');
		return this.settled();
	}

	settled(): Promise<void> {
		if (this.waiting.length === 0) return Promise.resolve();
		return new Promise((resolve) => (this.#wake = resolve));
	}

	/** Leaves at once; what is waited for is told as cut or unanswered. */
	leave(how: 'reset' | 'destroy'): void {
		if (how === 'reset') this.#socket.resetAndDestroy();
		else this.#socket.destroy();
	}

	#read(bytes: Buffer): void {
		try {
			for (const answer of this.#reader.push(bytes, () => this.waiting[0]?.asked.method === 'HEAD')) this.#got(answer);
		} catch (error) {
			this.#settle('wrong', 0, (error as Error).message);
			this.leave('destroy');
		}
		if (this.waiting.length === 0) this.#wake();
	}

	#got(answer: ReadAnswer): void {
		const [first] = this.waiting;
		if (first === undefined) {
			const asked: Asked = { id: 'none', method: 'GET', size: 0, deed: 'ok', bodySize: 0, chunked: false, last: true };
			const why = `an answer that nobody asked for: ${shown(answer)}`;
			this.#tell({
				asked,
				outcome: 'wrong',
				status: answer.status,
				why,
				instance: '',
				tookMs: 0,
				atMs: performance.now(),
			});
			return;
		}
		if (fieldOf(answer.head, 'connection')?.toLowerCase() === 'close') this.over = true;
		const wrong = complainOf(answer, first.asked);
		const own = answer.status !== 0 && fieldOf(answer.head, 'x-id') === undefined;
		const outcome = wrong !== '' ? 'wrong' : own ? 'refused' : answer.whole ? 'answered' : 'cut';
		const instance = fieldOf(answer.head, 'x-instance') ?? '';
		this.#settle(outcome, answer.status, wrong || (own ? answer.body : ''), instance);
	}

	#settle(outcome: Outcome, status: number, why: string, instance = ''): void {
		const first = this.waiting.shift();
		if (first === undefined) return;
		const atMs = performance.now();
		this.#tell({ asked: first.asked, outcome, status, why, instance, tookMs: atMs - first.sentMs, atMs });
	}

	#closed(): void {
		this.over = true;
		const part = this.#reader.end(this.#broken !== '');
		if (part !== null) this.#got(part);
		while (this.waiting.length > 0) this.#settle('unanswered', 0, this.#broken || 'FIN');
		this.#wake();
	}
}

const shown = ({ head, body }: ReadAnswer): string => JSON.stringify(`${head.slice(0, 300)}|${body.slice(0, 100)}`);

/** Why this cannot be (part of) the answer to that request; empty: it can. */
export function complainOf(answer: ReadAnswer, asked: Asked): string {
	if (answer.status === 0) return answer.whole ? `no answer at all: ${shown(answer)}` : '';
	if (fieldOf(answer.head, 'x-id') === undefined) {
		const own = fieldOf(answer.head, 'proxy-status')?.startsWith('ballast') === true;
		return own ? '' : `neither of an instance nor of Ballast: ${shown(answer)}`;
	}
	const id = fieldOf(answer.head, 'x-id');
	if (id !== asked.id) return `the answer for ${id} came for ${asked.id}`;
	const read = fieldOf(answer.head, 'x-read');
	if (read === 'mixed') return `the body of another request came to the instance with ${asked.id}`;
	if (answer.status >= 500 || asked.method === 'HEAD') return '';
	const expected = textOf(asked.id, answer.whole ? asked.size : answer.body.length);
	return answer.body === expected ? '' : `a body that is not that of ${asked.id}: ${shown(answer)}`;
}

function bytesOf({ id, method, size, deed, bodySize, chunked, last }: Asked): string {
	const body = textOf(id, bodySize);
	const half = bodySize >> 1;
	const framed =
		bodySize === 0 || !chunked
			? body
			: [body.slice(0, half), body.slice(half), '']
					.filter((part, at) => part !== '' || at === 2)
					.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
					.join('');
	const framing =
		bodySize === 0 && method !== 'POST'
			? ''
			: chunked && bodySize > 0
				? 'Transfer-Encoding: chunked\r\n'
				: `Content-Length: ${body.length}\r\n`;
	const close = last ? 'Connection: close\r\n' : '';
	return `${method} /echo/${id}?size=${size}&deed=${deed} HTTP/1.1\r\nHost: test\r\nX-Id: ${id}\r\n${framing}${close}\r\n${framed}`;
}
