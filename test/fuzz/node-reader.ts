/** Reads with Node's own HTTP server and client, which stand on llhttp. Strict, as they are by default. */
import http from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { type Message, pairsOf, type Reading } from './reading.ts';
import { ScriptedSocket } from './scripted-socket.ts';

/** Above our own limits, so that these are not what is compared. */
const HEAD_MOST = 256 * 1024;
/** The end of the input came in the middle of a message. */
const CUT_SHORT = new Set(['HPE_INVALID_EOF_STATE', 'ECONNRESET']);
/** Something came behind a message that ended the connection. */
const BEHIND_CLOSE = 'HPE_CLOSED_CONNECTION';

const serverOptions: http.ServerOptions = {
	insecureHTTPParser: false,
	maxHeaderSize: HEAD_MOST,
	connectionsCheckingInterval: 3_600_000,
	keepAliveTimeout: 0,
	requestTimeout: 0,
	headersTimeout: 0,
	// It would answer a missing one itself, unheard; so this is looked at below.
	requireHostHeader: false,
};

/** One server reads all inputs, each as a connection of its own. */
export class NodeRequestReader {
	readonly #server = http.createServer(serverOptions);
	#reading: Reading = fresh();

	constructor() {
		this.#server.maxHeadersCount = 0;
		this.#server.on('request', (request, response) => this.#take(request, response));
		this.#server.on('checkContinue', (request, response) => this.#take(request, response));
		this.#server.on('checkExpectation', () => this.#refuse('another expectation'));
		this.#server.on('connect', () => this.#refuse('CONNECT'));
		// The socket is left open: what was read before is still to be consumed.
		this.#server.on('clientError', (error: NodeJS.ErrnoException) => {
			if (error.code === BEHIND_CLOSE) this.#reading.end = 'closed';
			else if (!CUT_SHORT.has(error.code ?? '')) this.#refuse(`${error.code} ${error.message}`);
		});
	}

	#refuse(why: string): void {
		this.#reading.end = 'refused';
		this.#reading.why ||= why;
	}

	#take(request: http.IncomingMessage, response: http.ServerResponse): void {
		const reading = this.#reading;
		if (reading.end !== 'open') return;
		if (request.httpVersion === '1.1' && request.headers.host === undefined) {
			this.#refuse('no Host');
			return;
		}
		const message = begin(request, request.method ?? '', request.url ?? '');
		reading.messages.push(message);
		request.on('data', (bytes: Buffer) => {
			message.body += bytes.toString('latin1');
		});
		request.on('end', () => {
			finish(message, request);
			message.keeps = response.shouldKeepAlive;
			if (!message.keeps && reading.end === 'open') reading.end = 'closed';
			response.end();
		});
		request.on('error', () => {});
	}

	async read(bytes: Buffer): Promise<Reading> {
		const reading = fresh();
		this.#reading = reading;
		const socket = new ScriptedSocket();
		socket.on('error', () => {});
		this.#server.emit('connection', socket);
		// In two pieces with turns in between, so that what was read is also consumed before the end comes.
		socket.push(bytes);
		for (let wholeBefore = -1, whole = 0; whole > wholeBefore; ) {
			wholeBefore = whole;
			await turn();
			await turn();
			whole = reading.messages.filter((message) => message.whole).length;
		}
		socket.push(null);
		await turn();
		await turn();
		socket.destroy();
		await turn();
		return reading;
	}

	close(): void {
		this.#server.close();
	}
}

/** Reads the response to a request of this method. One whose body ends with the connection is whole. */
export async function readResponse(bytes: Buffer, method: string): Promise<Reading> {
	const reading = fresh();
	const socket = new ScriptedSocket(() => {
		if (socket.readableEnded || socket.readableLength > 0) return;
		socket.push(bytes);
		socket.push(null);
	});
	const request = http.request({ method, createConnection: () => socket as never, maxHeaderSize: HEAD_MOST });
	request.maxHeadersCount = 0;
	const done = Promise.withResolvers<void>();
	const take = (response: http.IncomingMessage): Message => {
		const message = begin(response, String(response.statusCode), response.statusMessage ?? '');
		reading.messages.push(message);
		return message;
	};
	request.on('information', (info: http.InformationEvent) => {
		reading.messages.push({
			first: String(info.statusCode),
			second: info.statusMessage,
			version: info.httpVersion,
			fields: pairsOf(info.rawHeaders),
			body: '',
			trailers: [],
			whole: true,
			keeps: true,
		});
	});
	request.on('upgrade', (response) => {
		take(response).whole = true;
		done.resolve();
	});
	request.on('response', (response) => {
		const message = take(response);
		response.on('data', (piece: Buffer) => {
			message.body += piece.toString('latin1');
		});
		response.on('end', () => {
			finish(message, response);
			done.resolve();
		});
		response.on('error', (error: NodeJS.ErrnoException) => {
			if (!CUT_SHORT.has(error.code ?? '')) refuse(reading, error);
			done.resolve();
		});
	});
	request.on('error', (error: NodeJS.ErrnoException) => {
		if (!CUT_SHORT.has(error.code ?? '')) refuse(reading, error);
		done.resolve();
	});
	request.end();
	await done.promise;
	await turn();
	request.destroy();
	socket.destroy();
	return reading;
}

function refuse(reading: Reading, error: NodeJS.ErrnoException): void {
	reading.end = 'refused';
	reading.why ||= `${error.code} ${error.message}`;
}

const fresh = (): Reading => ({ messages: [], end: 'open', why: '', starts: [] });

function begin(incoming: http.IncomingMessage, first: string, second: string): Message {
	const fields = pairsOf(incoming.rawHeaders);
	return { first, second, version: incoming.httpVersion, fields, body: '', trailers: [], whole: false, keeps: true };
}

function finish(message: Message, incoming: http.IncomingMessage): void {
	message.whole = incoming.complete;
	message.trailers = pairsOf(incoming.rawTrailers);
}
