/** Plays one vector of the corpus through a running Ballast, and says what is wrong with what came of it. */
import net from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Recorded } from './plain-form.ts';
import type { Forwarded, Vector } from './smuggling-vector.ts';
import type { StrictUpstream } from './strict-upstream.ts';

/** How the bytes are handed over: reads end where writes do. */
export const WAYS: Record<string, (bytes: Buffer) => Buffer[]> = {
	'in one piece': (bytes) => [bytes],
	'head and body apart': (bytes) => {
		const end = bytes.indexOf('\r\n\r\n') + 4;
		return end <= 4 || end === bytes.length ? [bytes] : [bytes.subarray(0, end), bytes.subarray(end)];
	},
	'byte by byte': (bytes) => (bytes.length > 2000 ? [bytes] : Array.from(bytes, (byte) => Buffer.of(byte))),
};

/** Statuses of the answers, and whether Ballast closed the connection of itself. */
async function exchange(
	port: number,
	{ send, forwarded, refused }: Vector,
	pieces: (bytes: Buffer) => Buffer[],
): Promise<{ statuses: number[]; text: string; closed: boolean }> {
	const socket = net.connect(port, '127.0.0.1');
	socket.setNoDelay(true);
	let text = '';
	let closed = false;
	const over = Promise.withResolvers<void>();
	socket.on('data', (piece: Buffer) => {
		text += piece.toString('latin1');
		if (refused === null && statusesOf(text).length >= forwarded.length) over.resolve();
	});
	socket.on('end', () => {
		closed = true;
		over.resolve();
	});
	socket.on('error', () => over.resolve());
	for (const piece of pieces(Buffer.from(send, 'latin1'))) {
		if (socket.destroyed || closed) break;
		socket.write(piece);
		if (piece.length === 1) await turn();
		else await sleep(1);
	}
	const timer = setTimeout(() => over.resolve(), 3000);
	await over.promise;
	clearTimeout(timer);
	// Whatever were still to come would come before the end that this asks for.
	if (!closed) {
		const ended = new Promise((resolve) => socket.once('close', resolve));
		socket.end();
		await ended;
	}
	socket.destroy();
	return { statuses: statusesOf(text), text, closed };
}

const statusesOf = (text: string): number[] =>
	[...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status >= 200);

/** What differs between a request that reached the instance and the one that was to; empty: nothing. */
function complainOfForwarded(found: Recorded, expected: Forwarded): string {
	for (const key of ['line', 'host', 'framing', 'body'] as const)
		if (found[key] !== expected[key])
			return `${key} ${JSON.stringify(found[key])}, not ${JSON.stringify(expected[key])}`;
	const lacks = expected.has?.find((line) => !found.lines.includes(line));
	if (lacks !== undefined) return `no ${lacks} in ${found.lines}`;
	const has = expected.without?.find((name) => found.lines.some((line) => line.toLowerCase().startsWith(`${name}:`)));
	return has === undefined ? '' : `${has} in ${found.lines}`;
}

/** What is wrong with how this vector is treated; empty: refused with the end of the connection, or read the same on both sides. */
export async function playVector(
	{ port, upstream }: { port: number; upstream: StrictUpstream },
	vector: Vector,
	pieces: (bytes: Buffer) => Buffer[],
): Promise<string> {
	upstream.requests = [];
	upstream.faults = [];
	const { statuses, text, closed } = await exchange(port, vector, pieces);
	const expected = [...vector.forwarded.map(() => 200), ...(vector.refused === null ? [] : [vector.refused])];
	if (statuses.join() !== expected.join()) return `answers ${statuses}, not ${expected}: ${text}`;
	if (vector.refused !== null && !(closed && text.includes('\r\nConnection: close\r\n')))
		return `a connection is closed behind a refusal: ${text}`;
	if (vector.refused === 400 && !/; details="bad_request: [a-z0-9_]+"\r\n/.test(text))
		return `a 400 without its rule: ${text}`;
	if (upstream.faults.length > 0) return upstream.faults.join();
	if (upstream.requests.length !== vector.forwarded.length) return `reached it: ${JSON.stringify(upstream.requests)}`;
	for (const [i, forwarded] of vector.forwarded.entries()) {
		const complaint = complainOfForwarded(upstream.requests[i] as Recorded, forwarded);
		if (complaint !== '') return complaint;
	}
	for (const deadline = performance.now() + 1000; upstream.unfinished > 0; await sleep(5)) {
		if (vector.late !== true) return 'part of a request whose head was refused reached the instance';
		if (performance.now() > deadline) return 'a request that was cut off is left open';
	}
	return '';
}
