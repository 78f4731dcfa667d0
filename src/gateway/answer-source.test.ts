import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, suite, test } from 'node:test';
import { StreamTransport } from '../wire/stream-transport.ts';
import type { AnswerSource } from './answer-source.ts';
import { ClientConnection } from './client-connection.ts';
import type { Exchange } from './exchange.ts';
import { Requests } from './requests.ts';
import { bareRequests } from './testing/bare-plane.ts';

const PIECE = Buffer.alloc(64 * 1024, 'x');

/** Sends so many pieces, each when the client took the one before. `length` -1: does not say how many. */
class Pieces implements AnswerSource {
	readonly exchange: Exchange;
	readonly length: number;
	left: number;
	resumed = 0;
	cancelled = 0;

	constructor(exchange: Exchange, pieces: number, length: number) {
		this.exchange = exchange;
		this.left = pieces;
		this.length = length;
		exchange.source = this;
	}

	start(): void {
		this.exchange.beginAnswer(200, Buffer.from('HTTP/1.1 200 OK\r\n'), this.length);
		this.#goOn();
	}

	#goOn(): void {
		while (this.left > 0) {
			this.left--;
			if (!this.exchange.headOnly) this.exchange.answerPiece(PIECE);
			if (!this.exchange.flushAnswer()) return;
		}
		this.exchange.answerEnd(null);
	}

	resume(): void {
		this.resumed++;
		this.#goOn();
	}

	cancel(): void {
		this.cancelled++;
	}
}

suite('an answer that comes from a source', () => {
	const sources: Pieces[] = [];
	const requests = new Requests(bareRequests().plane, (exchange) => {
		const [, pieces = '0', length = '-1'] = exchange.buffer
			.toString('latin1', exchange.pathStart, exchange.pathEnd)
			.split('/');
		const source = new Pieces(exchange, Number(pieces), Number(length));
		sources.push(source);
		// As most sources do: from a later turn.
		setImmediate(() => source.cancelled === 0 && source.start());
	});
	const server = net.createServer({ allowHalfOpen: true }, (socket) => {
		const connection = new ClientConnection(requests, false);
		connection.attach(new StreamTransport(socket, connection), '127.0.0.1');
	});
	before(async () => {
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
	});
	after(() => server.close());

	const connect = async (): Promise<net.Socket> => {
		const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
		await once(socket, 'connect');
		return socket;
	};

	/** All that comes until the connection ends. */
	async function ask(request: string): Promise<string> {
		const socket = await connect();
		socket.write(request);
		let text = '';
		for await (const bytes of socket) text += (bytes as Buffer).toString('latin1');
		return text;
	}

	const closing = (target: string, method = 'GET'): string =>
		`${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

	test('of a known length: as it is', async () => {
		const text = await ask(closing(`/3/${3 * PIECE.length}`));
		assert.match(text, /^HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\nContent-Length: 196608\r\nConnection: close\r\n\r\n/);
		assert.equal(text.length - text.indexOf('\r\n\r\n') - 4, 3 * PIECE.length);
	});

	test('of an unknown length: in chunks, and until the end for HTTP/1.0', async () => {
		const text = await ask(closing('/2'));
		assert.match(text, /\r\nTransfer-Encoding: chunked\r\n/);
		const chunk = `10000\r\n${PIECE}\r\n`;
		assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), `${chunk}${chunk}0\r\n\r\n`);
		const old = await ask('GET /2 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
		assert.match(old, /^HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\nConnection: close\r\n\r\n/);
		assert.equal(old.length - old.indexOf('\r\n\r\n') - 4, 2 * PIECE.length);
	});

	test('HEAD has the length and no body', async () => {
		const text = await ask(closing('/1/65536', 'HEAD'));
		assert.match(text, /\r\nContent-Length: 65536\r\nConnection: close\r\n\r\n$/);
		assert.doesNotMatch(await ask(closing('/1', 'HEAD')), /Transfer-Encoding|Content-Length|0\r\n\r\n$/);
	});

	test('it waits while the client does not read, goes on when it does, and the next request follows', {
		timeout: 20_000,
	}, async () => {
		const before = sources.length;
		const socket = await connect();
		socket.pause();
		socket.write(`GET /400/${400 * PIECE.length} HTTP/1.1\r\nHost: a\r\n\r\n${closing('/1/65536')}`);
		await turns(() => sources.length > before && (sources[before] as Pieces).left < 400);
		const source = sources[before] as Pieces;
		let left = -1;
		await turns(() => left === (left = source.left));
		assert.ok(source.left > 0, 'all of it went out');
		let length = 0;
		for await (const bytes of socket) length += (bytes as Buffer).length;
		assert.ok(length > 401 * PIECE.length);
		assert.ok(source.resumed > 0);
		assert.equal(source.cancelled, 0);
	});

	test('a client that leaves cancels it, once', { timeout: 20_000 }, async () => {
		const before = sources.length;
		const socket = await connect();
		socket.pause();
		socket.write('GET /400 HTTP/1.1\r\nHost: a\r\n\r\n');
		await turns(() => sources.length > before && (sources[before] as Pieces).left < 400);
		const source = sources[before] as Pieces;
		socket.resetAndDestroy();
		await turns(() => source.cancelled > 0);
		assert.equal(source.cancelled, 1);
		assert.equal(requests.plane.active, 0);
	});
});

/** Lets the loop turn until this holds. */
async function turns(holds: () => boolean): Promise<void> {
	for (let turn = 0; !holds(); turn++) {
		assert.ok(turn < 2000, 'it never came');
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
