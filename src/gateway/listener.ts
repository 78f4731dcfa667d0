import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { BallastError } from '../core/errors.ts';
import type { Refusal } from '../core/refusal.ts';
import { RawTransport, rawSupported, type TcpHandle } from '../wire/raw-transport.ts';
import { StreamTransport } from '../wire/stream-transport.ts';
import { ClientConnection } from './client-connection.ts';
import { sortByFirstByte } from './first-byte.ts';
import { plainAddress } from './forwarded.ts';
import { problemOf } from './problem.ts';
import type { Requests } from './requests.ts';

/** Connections that the kernel keeps for us; Node's default of 511 is soon full. */
const BACKLOG = 4096;

/** Certificates of one listener, as PEM text. */
export interface CertificateText {
	cert: string;
	key: string;
}

/** Accepts connections on a socket that was bound elsewhere. */
export interface Listener {
	/** Stops accepting. What was accepted goes on. `closed`: called once nothing more is accepted. */
	close(closed?: () => void): void;
	/** New certificates for new connections; nothing for plain listeners. */
	certify(certificates: readonly CertificateText[]): void;
}

/** The server's inner handle: accepted connections come without a stream around them (docs/adr/0005). */
interface AcceptingServer {
	_handle: {
		onconnection: (status: number, handle: TcpHandle | undefined) => void;
		/** With another backlog, while it listens already. */
		listen?: (backlog: number) => number;
	} | null;
}

/** Plain HTTP on this file descriptor. */
export function listenPlain(requests: Requests, fd: number): Listener {
	const server = net.createServer({ noDelay: true, allowHalfOpen: true });
	let accepted = 0;
	server.on('error', (error) => requests.plane.report(error));
	server.listen({ fd }, BACKLOG, () => {
		const handle = (server as unknown as AcceptingServer)._handle;
		if (rawSupported && handle !== null && typeof handle.onconnection === 'function') {
			handle.onconnection = (status, connection) => {
				accepted++;
				acceptRaw(requests, status, connection);
			};
		}
	});
	server.on('connection', (socket) => {
		accepted++;
		acceptStream(requests, socket);
	});
	return { close: (closed) => closeOnceEmpty(server, () => accepted, closed), certify: () => {} };
}

/** HTTPS on this file descriptor. The ticket key is the same for all workers, so that sessions resume on any. */
export function listenTls(requests: Requests, fd: number, options: TlsListenOptions): Listener {
	let contexts = certificateContexts(options.certificates, options.minVersion);
	// It listens to nothing itself: what is no TLS must not get here.
	const server = tls.createServer({
		...options.certificates[0],
		minVersion: options.minVersion,
		ticketKeys: options.ticketKeys,
		ALPNProtocols: ['http/1.1'],
		handshakeTimeout: requests.plane.limits.headMs,
		allowHalfOpen: true,
		SNICallback: (name, done) => done(null, contextFor(contexts, name)),
	});
	server.on('error', (error) => requests.plane.report(error));
	// A failed handshake is the client's affair, but closing it is ours.
	server.on('tlsClientError', (_error, socket) => socket.destroy());
	server.on('secureConnection', (socket) => {
		if (!socket.destroyed) serveStream(requests, socket, true);
	});
	const to = {
		waitMs: requests.plane.limits.headMs,
		secure: (socket: net.Socket) => void server.emit('connection', socket),
		plain: () => unasked(requests, 'https_port'),
	};
	let accepted = 0;
	const front = net.createServer({ allowHalfOpen: true }, (socket) => {
		accepted++;
		// Counted before the first byte: a handshake that never begins costs a descriptor too.
		if (countConnection(requests, socket)) sortByFirstByte(socket, to);
	});
	front.on('error', (error) => requests.plane.report(error));
	front.listen({ fd }, BACKLOG);
	return {
		close: (closed) => closeOnceEmpty(front, () => accepted, closed),
		certify: (certificates) => {
			contexts = certificateContexts(certificates, options.minVersion);
			server.setSecureContext({ ...certificates[0], minVersion: options.minVersion });
		},
	};
}

/** Turns of the event loop that are this short leave next to no time for a connection to come unseen, ms. */
const SHORT_TURN_MS = 0.03;
/** Longest that a listener which is to close waits for one, ms. */
const CLOSING_MS = 1000;

/**
 * Closing a socket resets the connections that wait in its queue, and of those Node takes one in a turn of the event
 * loop: it closes at the end of a short turn in which there was none to take. A queue without room lets next to none
 * in meanwhile: who is kept out tries again a second later. `accepted`: how many were so far.
 */
function closeOnceEmpty(server: net.Server, accepted: () => number, closed: (() => void) | undefined): void {
	const until = performance.now() + CLOSING_MS;
	(server as unknown as AcceptingServer)._handle?.listen?.(0);
	let before = -1;
	let began = 0;
	const turn = (): void => {
		const nowMs = performance.now();
		const now = accepted();
		// What is left of the turn that this is called in need not look at the socket: the first one does not count.
		const empty = now === before && nowMs - began <= SHORT_TURN_MS;
		if (!empty && nowMs < until) {
			before = now;
			began = performance.now();
			setImmediate(turn);
			return;
		}
		server.close();
		closed?.();
	};
	setImmediate(turn);
}

export interface TlsListenOptions {
	certificates: readonly CertificateText[];
	minVersion: tls.SecureVersion;
	ticketKeys: Buffer;
}

interface NamedContext {
	names: string[];
	context: tls.SecureContext;
}

/** One context a certificate, with the names it is for. */
function certificateContexts(certificates: readonly CertificateText[], minVersion: tls.SecureVersion): NamedContext[] {
	return certificates.map((certificate) => ({
		names: certificateNames(certificate.cert),
		context: tls.createSecureContext({ ...certificate, minVersion }),
	}));
}

/** The certificate for a server name: an exact one, then a wildcard, then the first. */
function contextFor(contexts: readonly NamedContext[], name: string): tls.SecureContext | undefined {
	const wanted = name.toLowerCase();
	const wild = `*.${wanted.slice(wanted.indexOf('.') + 1)}`;
	const exact = contexts.find(({ names }) => names.includes(wanted));
	return (exact ?? contexts.find(({ names }) => names.includes(wild)) ?? contexts[0])?.context;
}

function acceptRaw(requests: Requests, status: number, handle: TcpHandle | undefined): void {
	// EMFILE and the like: the connection stays in the queue and is tried again.
	if (status !== 0 || handle === undefined) {
		requests.plane.report(new BallastError('too_many_connections', `A connection could not be accepted (${status})`));
		return;
	}
	const peer: { address?: string } = {};
	handle.getpeername(peer);
	const address = plainAddress(peer.address ?? '');
	if (!requests.plane.gate.open(address)) {
		handle.writeBuffer(null, unasked(requests, 'too_many_connections'));
		handle.close();
		return;
	}
	const connection = new ClientConnection(requests, false);
	connection.attach(new RawTransport(handle, connection, requests.plane.rx), address);
}

/** Holds a place for a connection as long as its socket lives; one too many is closed. */
function countConnection({ plane }: Requests, socket: net.Socket): boolean {
	const address = plainAddress(socket.remoteAddress ?? '');
	const open = plane.gate.open(address);
	if (open) socket.once('close', () => plane.gate.close(address));
	else socket.destroy();
	return open;
}

function acceptStream(requests: Requests, socket: net.Socket): void {
	const address = plainAddress(socket.remoteAddress ?? '');
	if (!requests.plane.gate.open(address)) {
		socket.on('error', () => {});
		socket.end(unasked(requests, 'too_many_connections'));
		return;
	}
	serveStream(requests, socket, false);
}

function serveStream(requests: Requests, socket: net.Socket, secure: boolean): void {
	const connection = new ClientConnection(requests, secure);
	connection.attach(new StreamTransport(socket, connection), plainAddress(socket.remoteAddress ?? ''));
}

/** Said to a connection that gets no further, whatever it asks for. */
function unasked(requests: Requests, why: Refusal): Buffer {
	const { head, body } = problemOf(why);
	return Buffer.concat([head, requests.plane.date, Buffer.from('Connection: close\r\n\r\n'), body]);
}

/** DNS names of a certificate's subject alternative name, or its common name. */
export function certificateNames(pem: string): string[] {
	const { subjectAltName, subject } = new X509Certificate(pem);
	const names = (subjectAltName ?? '').split(',').map((name) => /^\s*DNS:(.+)$/.exec(name)?.[1]?.toLowerCase());
	const found = names.filter((name) => name !== undefined);
	const common = /(?:^|\n)CN=(.+)/.exec(subject)?.[1]?.toLowerCase();
	return found.length > 0 || common === undefined ? found : [common];
}
