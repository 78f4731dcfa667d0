import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Output } from '../../wire/output.ts';
import type { Transport } from '../../wire/transport.ts';
import { AnswerCoder, type CodedExchange } from './answer-coder.ts';

const TEXT = Buffer.from('what is brought of the body '.repeat(700));

/** An exchange whose client takes nothing while `stuck`. */
class FakeExchange extends EventTarget implements CodedExchange {
	readonly transport = { pending: 0, write: () => true };
	readonly client = {
		transport: this.transport as unknown as Transport,
		answerBlocked: () => this.told('blocked'),
	};
	readonly plane = { out: new Output(), report: (fault: unknown) => assert.fail(String(fault)) };
	readonly fetch = { paused: false };
	readonly pieces: Buffer[] = [];
	readonly heard: string[] = [];
	trailers: Buffer | null | undefined;
	stuck = false;

	told(what: string): void {
		this.heard.push(what);
		this.dispatchEvent(new Event(what));
	}

	writePiece(bytes: Uint8Array): void {
		this.pieces.push(Buffer.from(bytes));
		if (this.stuck) this.transport.pending = 1;
	}

	finishAnswer(trailers: Buffer | null): void {
		this.trailers = trailers;
		this.told('finished');
	}

	resumeSource(): void {
		this.told('resumed');
	}

	cancel(): void {
		this.told('cancelled');
	}

	answerFailed(code: string): void {
		this.told(code);
	}
}

suite('an answer that is compressed on its way', () => {
	function opened(): { exchange: FakeExchange; coder: AnswerCoder } {
		const exchange = new FakeExchange();
		const coder = AnswerCoder.open(exchange, 'gzip', 6);
		assert.ok(coder !== null);
		return { exchange, coder };
	}

	test('what is all there is one piece', async () => {
		const { exchange, coder } = opened();
		coder.add(TEXT, 0, 100);
		assert.equal(coder.flush(), false);
		coder.add(TEXT, 100, TEXT.length);
		const trailers = Buffer.from('X: 1\r\n\r\n');
		coder.end(trailers);
		trailers.fill(0);
		await once(exchange, 'finished');
		assert.deepEqual(exchange.heard, ['finished']);
		assert.equal(exchange.pieces.length, 1);
		assert.deepEqual(gunzipSync(Buffer.concat(exchange.pieces)), TEXT);
		assert.equal(exchange.trailers?.toString(), 'X: 1\r\n\r\n');
	});

	test('what is small goes out behind its head in the same turn', async () => {
		const { exchange, coder } = opened();
		exchange.plane.out.text('HTTP/1.1 200 OK');
		coder.add(TEXT, 0, 2000);
		coder.flush();
		coder.end(null);
		assert.deepEqual([exchange.plane.out.length, exchange.pieces.length], [0, 0]);
		await null;
		assert.deepEqual(exchange.heard, ['finished']);
		assert.equal(exchange.plane.out.buffer.toString('latin1', 0, exchange.plane.out.length), 'HTTP/1.1 200 OK');
		assert.deepEqual(gunzipSync(Buffer.concat(exchange.pieces)), TEXT.subarray(0, 2000));
	});

	test('a head without anything behind it goes out alone', () => {
		const { exchange, coder } = opened();
		exchange.plane.out.text('HTTP/1.1 200 OK');
		assert.equal(coder.flush(), true);
		assert.equal(exchange.plane.out.length, 0);
		coder.close();
	});

	test('its source waits until a piece is compressed', async () => {
		const { exchange, coder } = opened();
		for (let at = 0; at < TEXT.length; at += 1000) {
			coder.add(TEXT, at, Math.min(at + 1000, TEXT.length));
			assert.equal(coder.flush(), false);
			assert.equal(exchange.fetch.paused, true);
			// Its client takes what it was sent before: that is not what the source waits for.
			coder.drained();
			await once(exchange, 'resumed');
		}
		coder.end(null);
		await once(exchange, 'finished');
		assert.deepEqual(gunzipSync(Buffer.concat(exchange.pieces)), TEXT);
		assert.equal(exchange.heard.filter((what) => what === 'resumed').length, Math.ceil(TEXT.length / 1000));
	});

	test('and until its client has taken it', async () => {
		const { exchange, coder } = opened();
		exchange.stuck = true;
		coder.add(TEXT, 0, TEXT.length);
		coder.flush();
		await once(exchange, 'blocked');
		assert.deepEqual(exchange.heard, ['blocked']);
		exchange.transport.pending = 0;
		coder.drained();
		coder.drained();
		assert.deepEqual(exchange.heard, ['blocked', 'resumed']);
		coder.close();
	});

	test('nothing to send is nothing to wait for', () => {
		const { coder } = opened();
		assert.equal(coder.flush(), true);
		coder.close();
	});

	test('closed it says nothing more, and gives its place to another', async () => {
		const all: AnswerCoder[] = [];
		const exchange = new FakeExchange();
		for (;;) {
			const coder = AnswerCoder.open(exchange, 'gzip', 1);
			if (coder === null) break;
			all.push(coder);
		}
		assert.equal(all.length, 64);
		for (const coder of all) {
			coder.add(TEXT, 0, TEXT.length);
			coder.end(null);
			coder.close();
			coder.close();
		}
		const next = opened();
		next.coder.end(null);
		await null;
		assert.deepEqual(exchange.heard, []);
		assert.equal(gunzipSync(Buffer.concat(next.exchange.pieces)).length, 0);
	});
});
