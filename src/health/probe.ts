/** One probe: a connection of its own, a request or just the connect, and a look at the answer. */
import { connect, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Contact, Outcome } from './decide.ts';
import { ProbeAnswer } from './probe-answer.ts';
import { type ProbeTarget, secureContext, serverName } from './probe-target.ts';

/** Once the outcome is certain this much more is read, so that the instance sees an orderly end. */
const MOST_REST = 65_536;

/** Probes once; never throws. The function that it returns ends the probe early, as failed. */
export function probe(target: ProbeTarget, done: (outcome: Outcome) => void): () => void {
	let socket: Socket;
	try {
		socket = open(target);
	} catch (error) {
		const why = `no connection could be made: ${(error as Error).message}`;
		setImmediate(done, { kind: 'failed', why, contact: 'none' });
		return () => {};
	}
	let settled = false;
	let contact: Contact = 'none';
	const fail = (why: string): void => settle({ kind: 'failed', why, contact });
	const settle = (outcome: Outcome): void => {
		if (settled) return;
		settled = true;
		done(outcome);
	};
	const timer = setTimeout(() => {
		const what = contact === 'none' ? 'connection' : 'answer';
		fail(`no ${what} within ${target.health.timeoutMs} ms`);
		socket.destroy();
	}, target.health.timeoutMs);
	socket.on('error', (error) => fail(reason(error)));
	socket.on('close', () => {
		clearTimeout(timer);
		fail('the connection was closed without an answer');
	});
	socket.once(target.tls ? 'secureConnect' : 'connect', () => {
		contact = 'silent';
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
	const answer = new ProbeAnswer(target.health);
	let settled = false;
	let rest = 0;
	socket.on('data', (chunk: Buffer) => {
		if (settled) {
			rest += chunk.length;
			if (rest > MOST_REST) socket.destroy();
			return;
		}
		const outcome = answer.take(chunk);
		if (outcome === null) return;
		settled = true;
		settle(outcome);
	});
	socket.on('end', () => {
		const outcome = settled ? null : answer.end();
		if (outcome !== null) settle(outcome);
	});
	socket.write(requestText(target));
}

/** The request as it goes out; fields of the configuration replace those of the same name. */
export function requestText({ health, hostHeader }: Pick<ProbeTarget, 'health' | 'hostHeader'>): string {
	const fields: [string, string][] = [
		['User-Agent', 'ballast-probe'],
		['Accept', '*/*'],
		// What is matched must come as it is.
		...(health.body === null ? [] : [['Accept-Encoding', 'identity'] as [string, string]]),
	];
	const own = new Set(health.headers.map(([name]) => name.toLowerCase()));
	const sent = [...fields.filter(([name]) => !own.has(name.toLowerCase())), ...health.headers];
	if (health.method === 'POST' || health.method === 'PUT') sent.push(['Content-Length', '0']);
	const lines = [['Host', hostHeader], ...sent, ['Connection', 'close']].map(
		([name, value]) => `${name}: ${value}\r\n`,
	);
	return `${health.method} ${health.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
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
