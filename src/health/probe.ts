/** One probe: a connection of its own, a GET or just the connect, and a look at the status. */
import { connect, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { HealthConfig } from './config.ts';
import type { Outcome } from './decide.ts';
import { type ProbeTarget, secureContext, serverName } from './probe-target.ts';

/** Head of an answer, at most. */
const MOST_HEAD = 16_384;
/** Of an answer's body this much is read, so that the instance sees an orderly end. */
const MOST_BODY = 65_536;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Probes once; never throws. The function that it returns ends the probe early, as failed. */
export function probe(target: ProbeTarget, done: (outcome: Outcome) => void): () => void {
	let socket: Socket;
	try {
		socket = open(target);
	} catch (error) {
		const why = `no connection could be made: ${(error as Error).message}`;
		setImmediate(done, { kind: 'failed', why });
		return () => {};
	}
	let settled = false;
	const settle = (outcome: Outcome): void => {
		if (settled) return;
		settled = true;
		done(outcome);
	};
	const timer = setTimeout(() => {
		settle({ kind: 'failed', why: `no answer within ${target.health.timeoutMs} ms` });
		socket.destroy();
	}, target.health.timeoutMs);
	socket.on('error', (error) => settle({ kind: 'failed', why: reason(error) }));
	socket.on('close', () => {
		clearTimeout(timer);
		settle({ kind: 'failed', why: 'the connection was closed without an answer' });
	});
	socket.once(target.tls ? 'secureConnect' : 'connect', () => {
		if (target.health.kind === 'http') return ask(socket, target, settle);
		settle({ kind: 'up' });
		socket.end();
		socket.resume();
	});
	return () => socket.destroy();
}

function open(target: ProbeTarget): Socket {
	const { host, port, tls } = target;
	if (!tls) return connect({ host, port, noDelay: true });
	const name = serverName(target, tls);
	return connectTls({
		host,
		port,
		secureContext: secureContext(tls.ca),
		rejectUnauthorized: tls.verify,
		ALPNProtocols: ['http/1.1'],
		...(name === undefined ? {} : { servername: name }),
		// Without a name for SNI the certificate must still be for the address.
		checkServerIdentity: (_, certificate) => checkServerIdentity(name ?? host, certificate),
	});
}

function ask(socket: Socket, target: ProbeTarget, settle: (outcome: Outcome) => void): void {
	let received: Buffer = Buffer.alloc(0);
	let answered = 0;
	socket.on('data', (chunk: Buffer) => {
		if (answered > 0) {
			answered += chunk.length;
			if (answered > MOST_BODY) socket.destroy();
			return;
		}
		received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
		const outcome = readAnswer(received, target.health);
		if (outcome === null && received.length <= MOST_HEAD) return;
		answered = 1;
		settle(outcome ?? { kind: 'failed', why: 'the head of its answer is too long' });
		if (outcome === null) socket.destroy();
	});
	socket.write(
		`GET ${target.health.path} HTTP/1.1\r\nHost: ${target.hostHeader}\r\nUser-Agent: ballast-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
	);
}

/** The outcome that an answer's head stands for; null while the head is not whole. Interim answers are skipped. */
export function readAnswer(received: Buffer, health: Pick<HealthConfig, 'statuses' | 'path'>): Outcome | null {
	for (let start = 0; ; ) {
		const end = received.indexOf(HEAD_END, start);
		if (end === -1) {
			const begins = received.toString('latin1', start, start + 5);
			return 'HTTP/'.startsWith(begins) ? null : NOT_HTTP;
		}
		const head = received.toString('latin1', start, end);
		const found = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r|$)/.exec(head);
		if (!found) return NOT_HTTP;
		const status = Number(found[1]);
		if (status >= 200) return judge(status, head, health);
		start = end + HEAD_END.length;
	}
}

const NOT_HTTP: Outcome = { kind: 'failed', why: 'its answer is not HTTP/1.1' };

function judge(status: number, head: string, health: Pick<HealthConfig, 'statuses' | 'path'>): Outcome {
	if (status === 503 && /\r\nx-ballast-drain:[ \t]*1[ \t]*(\r|$)/i.test(head)) return { kind: 'draining' };
	if (health.statuses.some(([least, most]) => status >= least && status <= most)) return { kind: 'up' };
	return { kind: 'failed', why: `GET ${health.path} answered ${status}` };
}

const REASONS: Record<string, string> = {
	ECONNREFUSED: 'the connection was refused',
	ECONNRESET: 'the connection was reset',
	EPIPE: 'the connection was reset',
	ETIMEDOUT: 'no connection within the system’s time-out',
	EHOSTUNREACH: 'there is no way to its address',
	ENETUNREACH: 'there is no way to its address',
	ENOTFOUND: 'its name does not exist',
	EAI_AGAIN: 'its name cannot be resolved now',
};

function reason(error: Error): string {
	const code = (error as NodeJS.ErrnoException).code ?? '';
	// A certificate's names are the instance's to choose: they must not reach a terminal as they are.
	const message = error.message.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 200);
	return REASONS[code] ?? (code === '' ? message : `${message} (${code})`);
}
