import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BallastError } from '../core/errors.ts';
import { EXPORT_ANSWER, RPC_STATUS } from './common-messages.ts';
import { BodyError } from './decode.ts';
import type { Signal } from './destination.ts';
import { encode } from './encode.ts';
import { type ReceiveSinks, receive } from './receive.ts';
import type { Refusal } from './remote-point.ts';

export interface ReceiverOptions {
	host: string;
	port: number;
	/** Must stand in `authorization: Bearer …`; null: nobody is asked. */
	token: string | null;
	/** Most bytes of a body, before and after it is unpacked. */
	maxBytes: number;
}

const PATHS: ReadonlyMap<string, Signal> = new Map([
	['/v1/metrics', 'metrics'],
	['/v1/logs', 'logs'],
	['/v1/traces', 'traces'],
]);
/** Bodies that are held at a time; the next one is asked to come again in a second. */
const MOST_BODIES = 8;
const MOST_CONNECTIONS = 200;

/** google.rpc.Code of a status; any other is INVALID_ARGUMENT. */
const RPC_CODES: Readonly<Record<number, number>> = { 401: 16, 403: 7, 404: 5, 500: 13, 503: 14 };

const unpack = promisify(gunzip);

/** What a request is answered instead. */
class Refused extends Error {
	readonly status: number;
	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

/** OTLP/HTTP in: protobuf and JSON, plain and gzip. Peers are not trusted; what they send is bounded everywhere. */
export class OtlpReceiver {
	readonly #options: ReceiverOptions;
	readonly #sinks: ReceiveSinks;
	readonly #server: Server;
	#bodies = 0;
	#refused = 0;

	constructor(options: ReceiverOptions, sinks: ReceiveSinks) {
		this.#options = options;
		this.#sinks = sinks;
		this.#server = createServer({ headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 30_000 });
		this.#server.maxConnections = MOST_CONNECTIONS;
		this.#server.on('request', (request, response) => void this.#serve(request, response));
	}

	/** Requests that were refused as a whole. */
	get refused(): number {
		return this.#refused;
	}

	/** The port that it listens on. @throws BallastError `bind_failed` */
	async listen(): Promise<number> {
		const { host, port } = this.#options;
		await new Promise<void>((resolve, reject) => {
			this.#server.once('error', (error) => {
				reject(new BallastError('bind_failed', `OTLP cannot be received at ${host}:${port}: ${error.message}`));
			});
			this.#server.listen(port, host, resolve);
		});
		return (this.#server.address() as AddressInfo).port;
	}

	async close(): Promise<void> {
		const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
		this.#server.closeIdleConnections();
		setTimeout(() => this.#server.closeAllConnections(), 1000).unref();
		await closed;
	}

	async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const json = isJson(request);
		try {
			const refusal = await this.#take(request);
			answer(response, { status: 200, json, body: json ? jsonAnswer(refusal, request) : protobufAnswer(refusal) });
		} catch (error) {
			this.#refused++;
			const [status, message] = this.#judged(error);
			if (status === 503) response.setHeader('retry-after', '1');
			// What was not read of the request stays in the connection.
			if (!request.complete) response.setHeader('connection', 'close');
			const code = RPC_CODES[status] ?? 3;
			const body = json ? JSON.stringify({ code, message }) : encode(RPC_STATUS, { code, message });
			answer(response, { status, json, body });
		}
	}

	#judged(error: unknown): [status: number, message: string] {
		if (error instanceof Refused) return [error.status, error.message];
		if (error instanceof BodyError) return [400, error.message];
		if ((error as { code?: string }).code === 'ECONNRESET') return [400, 'the request was cut off'];
		this.#sinks.failed(error);
		return [500, 'Ballast failed'];
	}

	async #take(request: IncomingMessage): Promise<Refusal> {
		const signal = this.#admit(request);
		if (this.#bodies >= MOST_BODIES) throw new Refused(503, 'too many requests at a time');
		this.#bodies++;
		try {
			const packed = await this.#read(request);
			const body = request.headers['content-encoding'] === 'gzip' ? await this.#unpacked(packed) : packed;
			return receive({ signal, body, json: isJson(request), nowMs: Date.now() }, this.#sinks);
		} finally {
			this.#bodies--;
		}
	}

	#admit(request: IncomingMessage): Signal {
		const { headers, method } = request;
		// A page in a browser on this machine could send here too; a program does not say an origin.
		if (headers.origin !== undefined) throw new Refused(403, 'requests of web pages are not taken');
		if (!this.#isAllowed(headers.authorization)) throw new Refused(401, 'the token is missing or wrong');
		const signal = PATHS.get(request.url ?? '');
		if (signal === undefined) throw new Refused(404, 'expected /v1/metrics, /v1/logs or /v1/traces');
		if (method !== 'POST') throw new Refused(405, 'expected POST');
		const type = mediaType(request);
		if (type !== 'application/x-protobuf' && type !== 'application/json')
			throw new Refused(415, 'expected content-type: application/x-protobuf or application/json');
		const encoding = headers['content-encoding'];
		if (encoding !== undefined && encoding !== 'gzip' && encoding !== 'identity')
			throw new Refused(415, 'expected content-encoding: gzip, or none');
		if (Number(headers['content-length'] ?? 0) > this.#options.maxBytes) throw this.#tooLarge();
		return signal;
	}

	#isAllowed(authorization: string | undefined): boolean {
		const { token } = this.#options;
		if (token === null) return true;
		const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
		return timingSafeEqual(hash(`Bearer ${token}`), hash(authorization ?? ''));
	}

	async #read(request: IncomingMessage): Promise<Buffer> {
		const parts: Buffer[] = [];
		let length = 0;
		for await (const part of request as AsyncIterable<Buffer>) {
			length += part.length;
			if (length > this.#options.maxBytes) throw this.#tooLarge();
			parts.push(part);
		}
		return Buffer.concat(parts);
	}

	async #unpacked(packed: Buffer): Promise<Buffer> {
		try {
			return await unpack(packed, { maxOutputLength: this.#options.maxBytes });
		} catch (error) {
			if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw this.#tooLarge();
			throw new Refused(400, 'the body is no gzip, or was cut off');
		}
	}

	#tooLarge(): Refused {
		return new Refused(413, `the body is larger than ${this.#options.maxBytes} bytes`);
	}
}

/** Without parameters; names of types are the same in upper and lower case (RFC 9110 §8.3.1). */
const mediaType = ({ headers }: IncomingMessage): string | undefined =>
	headers['content-type']?.split(';')[0]?.trim().toLowerCase();

const isJson = (request: IncomingMessage): boolean => mediaType(request) === 'application/json';

function answer(
	response: ServerResponse,
	{ status, json, body }: { status: number; json: boolean; body: string | Buffer },
): void {
	const type = json ? 'application/json' : 'application/x-protobuf';
	response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body);
}

function protobufAnswer({ rejected, reason }: Refusal): Buffer {
	return encode(EXPORT_ANSWER, rejected === 0 ? {} : { partialSuccess: { rejected, errorMessage: reason } });
}

/** What was refused has another name for each signal. */
function jsonAnswer({ rejected, reason }: Refusal, { url }: IncomingMessage): string {
	if (rejected === 0) return '{}';
	const name = { metrics: 'rejectedDataPoints', logs: 'rejectedLogRecords', traces: 'rejectedSpans' };
	const signal = PATHS.get(url ?? '') ?? 'metrics';
	return JSON.stringify({ partialSuccess: { [name[signal]]: String(rejected), errorMessage: reason } });
}
