import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRaw, rawSupported } from './raw-transport.ts';
import { KINDS, type Pair } from './testing/transports.ts';

const MiB = 1024 * 1024;
const PIECE = 500_000;
const PATTERN = Buffer.from(Array.from({ length: 16 * MiB }, (_, i) => (i * 31 + (i >> 8)) & 255));
/** Bytes whose order shows. */
const pattern = (length: number, from = 0): Buffer => PATTERN.subarray(from % (8 * MiB), (from % (8 * MiB)) + length);

/** The next so many bytes that the other side reads. */
function gather({ peer }: Pair, length: number): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const pieces: Buffer[] = [];
		let have = 0;
		const timer = setTimeout(() => reject(new Error(`${have} of ${length} bytes came in 5 s`)), 5000);
		peer.on('data', function take(piece: Buffer) {
			pieces.push(piece);
			have += piece.length;
			if (have < length) return;
			clearTimeout(timer);
			peer.off('data', take);
			resolve(Buffer.concat(pieces));
		});
	});
}

/** Writes pieces from one buffer that is used again, as `Output` does, until some stay with the transport. */
async function fill({ transport }: Pair): Promise<Buffer> {
	const sent: Buffer[] = [];
	let piece = Buffer.alloc(PIECE);
	for (let at = 0; at < 64 * MiB; at += piece.length) {
		const content = pattern(piece.length, at);
		content.copy(piece);
		sent.push(content);
		if (transport.write(piece)) piece.fill(0);
		else piece = Buffer.alloc(PIECE);
		if (transport.pending === 0) continue;
		await sleep(5);
		if (transport.pending > 0) return Buffer.concat(sent);
	}
	throw new Error('64 MiB went out and nobody read them');
}

for (const [name, open] of Object.entries(KINDS)) {
	describe(name, {
		concurrency: 4,
		skip: name.startsWith('raw') && !rawSupported ? 'this Node.js has no such handle' : false,
	}, () => {
		// A TLS client that opened its own socket cannot be reset; only instances are spoken to over one, and never cut off.
		const cut = name === 'TLS, connected by itself' ? /^(?:ECONNRESET|end)$/ : /^ECONNRESET$/;
		/** Runs with a connection; closes it afterwards. */
		const check = (title: string, body: (pair: Pair) => Promise<void>) =>
			void test(title, async () => {
				const pair = await open();
				try {
					await body(pair);
				} finally {
					pair.transport.destroy();
					pair.peer.destroy();
				}
			});

		check('brings bytes and sends them; knows both ends', async (pair) => {
			const { owner, transport, peer } = pair;
			peer.write('hello');
			await owner.until(() => owner.bytes.toString() === 'hello');
			const answer = gather(pair, 6);
			transport.write(Buffer.from('ans'));
			transport.write(Buffer.from('wer'));
			assert.equal((await answer).toString(), 'answer');
			assert.equal(transport.remoteAddress, '127.0.0.1');
			assert.equal(transport.remotePort, peer.localPort);
			assert.equal(transport.localPort, peer.remotePort);
		});

		check('bytes that the other side does not read are held, and told of when they are gone', async (pair) => {
			const { owner, transport, peer } = pair;
			peer.pause();
			const sent = await fill(pair);
			assert.ok(transport.pending > 0 && transport.queued > 0);
			const before = owner.drained;
			await sleep(50);
			assert.equal(owner.drained, before, 'nothing was read: nothing has drained');
			const all = gather(pair, sent.length);
			peer.resume();
			await owner.until(() => owner.drained > before);
			assert.equal(transport.pending, 0);
			assert.ok((await all).equals(sent), 'all arrives as it was when it was written');
			assert.equal(owner.drained, before + 1);
		});

		check('whatever is pending after a write is followed by a drain', async (pair) => {
			const { owner, transport, peer } = pair;
			peer.resume();
			for (const size of [1, 10, 1000, 20_000, 70_000, 300_000]) {
				const before = owner.drained;
				transport.write(Buffer.alloc(size));
				if (transport.pending === 0) continue;
				await owner.until(() => owner.drained > before);
				assert.equal(transport.pending, 0, `${size} bytes`);
			}
		});

		check('writes from within a drain are told of too', async (pair) => {
			const { owner, transport, peer } = pair;
			peer.pause();
			await fill(pair);
			const before = owner.drained;
			owner.onDrain = () => {
				if (++owner.drained < before + 4) while (transport.pending === 0) transport.write(pattern(1_000_000));
				owner.onNote();
			};
			peer.resume();
			await owner.until(() => owner.drained === before + 4);
		});

		check('pause holds reading back, resume goes on', async ({ owner, transport, peer }) => {
			peer.write('1');
			await owner.until(() => owner.bytes.toString() === '1');
			transport.pause();
			transport.pause();
			peer.write('2');
			await sleep(50);
			assert.equal(owner.bytes.toString(), '1');
			transport.resume();
			transport.resume();
			await owner.until(() => owner.bytes.toString() === '12');
		});

		check('a pause from within a read holds', async ({ owner, transport, peer }) => {
			owner.onNote = () => transport.pause();
			peer.write('1');
			await sleep(50);
			peer.write('2');
			await sleep(50);
			assert.equal(owner.bytes.toString(), '1');
			const rest = owner.until(() => owner.bytes.toString() === '12');
			transport.resume();
			await rest;
		});

		check('the other side ends its half: ours goes on', async (pair) => {
			const { owner, transport, peer } = pair;
			peer.end('last');
			await owner.until(() => owner.ended === 1);
			assert.equal(owner.bytes.toString(), 'last');
			const answer = gather(pair, 4);
			transport.write(Buffer.from('more'));
			assert.equal((await answer).toString(), 'more');
			transport.end();
			transport.end();
			await once(peer, 'end');
			transport.destroy();
			await owner.until(() => owner.closed === 1);
			assert.deepEqual([owner.ended, owner.error], [1, '']);
		});

		check('our end comes behind all that was written', async (pair) => {
			const { owner, transport, peer } = pair;
			peer.pause();
			const sent = await fill(pair);
			transport.end();
			const all = gather(pair, sent.length);
			const ended = once(peer, 'end', { signal: AbortSignal.timeout(5000) });
			peer.resume();
			assert.ok((await all).equals(sent));
			await ended;
			peer.write('still heard');
			await owner.until(() => owner.bytes.toString() === 'still heard');
		});

		check('destroy: closed once, later, and nothing after it', async ({ owner, transport, peer }) => {
			transport.destroy();
			assert.equal(owner.closed, 0, 'not from within the call');
			transport.destroy();
			peer.write('x');
			await owner.until(() => owner.closed === 1);
			assert.equal(transport.write(Buffer.from('y')), false);
			transport.pause();
			transport.resume();
			transport.end();
			transport.reset();
			await sleep(20);
			assert.deepEqual([owner.closed, owner.drained, owner.ended, owner.received.length], [1, 0, 0, 0]);
		});

		check('destroy with bytes under way', async (pair) => {
			pair.peer.pause();
			await fill(pair);
			const before = pair.owner.drained;
			pair.transport.destroy();
			await pair.owner.until(() => pair.owner.closed === 1);
			await sleep(20);
			assert.equal(pair.owner.drained, before);
		});

		check('reset: the other side cannot take it for an end', async ({ owner, transport, peer }) => {
			const ending = endOf(peer);
			peer.resume();
			transport.write(Buffer.from('part'));
			transport.reset();
			assert.equal(owner.closed, 0, 'not from within the call');
			transport.destroy();
			await owner.until(() => owner.closed === 1);
			assert.match(await ending, cut);
		});

		check('reset with bytes under way', async (pair) => {
			const { owner, transport, peer } = pair;
			const ending = endOf(peer);
			peer.pause();
			await fill(pair);
			transport.reset();
			await owner.until(() => owner.closed === 1);
			peer.resume();
			assert.match(await ending, cut);
		});

		check('asked, it knows of a reset as soon as the system does', async (pair) => {
			const { owner, transport, peer } = pair;
			const hello = gather(pair, 5);
			assert.equal(transport.isBroken(), false);
			transport.write(Buffer.from('hello'));
			assert.equal((await hello).toString(), 'hello', 'nothing was sent by asking');
			below(peer).resetAndDestroy();
			if (name.startsWith('raw')) assert.equal(transport.isBroken(), true, 'before an event tells of it');
			transport.destroy();
			await owner.until(() => owner.closed > 0);
			assert.equal(transport.isBroken(), true);
		});

		check('a reset by the other side closes', async ({ owner, peer }) => {
			below(peer).resetAndDestroy();
			await owner.until(() => owner.closed === 1);
			assert.equal(owner.error, 'ECONNRESET');
		});

		check('a reset behind the other side’s end is noticed at the next write', async ({ owner, transport, peer }) => {
			peer.end();
			await owner.until(() => owner.ended === 1);
			below(peer).resetAndDestroy();
			await sleep(20);
			for (let i = 0; i < 3 && owner.closed === 0; i++) {
				transport.write(Buffer.from('x'));
				await sleep(20);
			}
			await owner.until(() => owner.closed === 1);
		});

		check('a reset while nothing is read is noticed at a write', async (pair) => {
			const { owner, transport, peer } = pair;
			transport.pause();
			peer.pause();
			await fill(pair);
			below(peer).resetAndDestroy();
			await owner.until(() => owner.closed === 1);
			assert.equal(transport.write(Buffer.from('x')), false);
		});
	});
}

/** How a socket learns that the other side is gone: `end`, or the code of an error. */
function endOf(socket: Pair['peer']): Promise<string> {
	return new Promise((resolve) => {
		socket
			.once('end', () => resolve('end'))
			.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '?'));
		socket.once('close', () => resolve('close'));
	});
}

/** The TCP socket that carries a TLS one. */
function below(socket: Pair['peer']): Pair['peer'] {
	return (socket as Pair['peer'] & { _parent?: Pair['peer'] })._parent ?? socket;
}

describe('raw', { skip: rawSupported ? false : 'this Node.js has no such handle' }, () => {
	test('reads go where they are asked to, from the next one on', async () => {
		const { owner, transport, peer, memory } = await (KINDS['raw, accepted'] as () => Promise<Pair>)();
		const other = Buffer.alloc(64 * 1024);
		const seen: Uint8Array[] = [];
		const note = owner.onBytes.bind(owner);
		owner.onBytes = (buffer, length) => {
			seen.push(buffer);
			transport.readInto(seen.length % 2 === 1 ? other : memory);
			note(buffer, length);
		};
		for (let i = 1; i <= 4; i++) {
			peer.write(String(i));
			await owner.until(() => owner.received.length === i);
		}
		assert.equal(owner.bytes.toString(), '1234');
		assert.deepEqual(
			seen.map((buffer) => (buffer === memory ? 'memory' : buffer === other ? 'other' : 'neither')),
			['memory', 'other', 'memory', 'other'],
		);
		transport.destroy();
		peer.destroy();
	});

	test('a refused connection is told with its code, later', async () => {
		const told = Promise.withResolvers<string>();
		let inside = true;
		connectRaw({ host: '127.0.0.1', port: 1 }, (handle, error) => told.resolve(`${handle} ${error} ${inside}`));
		inside = false;
		assert.equal(await told.promise, 'null ECONNREFUSED false');
	});

	test('an attempt that was given up is not told of', async () => {
		let told = 0;
		const giveUp = connectRaw({ host: '127.0.0.1', port: 1 }, () => told++);
		giveUp();
		giveUp();
		await sleep(50);
		assert.equal(told, 0);
	});
});
