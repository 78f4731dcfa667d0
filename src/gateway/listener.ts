import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { BallastError } from '../core/errors.ts';
import { RawTransport, rawSupported, type TcpHandle } from '../wire/raw-transport.ts';
import { StreamTransport } from '../wire/stream-transport.ts';
import { ClientConnection } from './client-connection.ts';
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
	/** Stops accepting. What was accepted goes on. */
	close(): void;
	/** New certificates for new connections; nothing for plain listeners. */
	certify(certificates: readonly CertificateText[]): void;
}

/** The server's inner handle: accepted connections come without a stream around them (docs/adr/0005). */
interface AcceptingServer {
	_handle: { onconnection: (status: number, handle: TcpHandle | undefined) => void } | null;
}

/** Plain HTTP on this file descriptor. */
export function listenPlain(requests: Requests, fd: number): Listener {
	const server = net.createServer({ noDelay: true, allowHalfOpen: true });
	server.on('error', (error) => requests.plane.report(error));
	server.listen({ fd }, BACKLOG, () => {
		const handle = (server as unknown as AcceptingServer)._handle;
		if (rawSupported && handle !== null && typeof handle.onconnection === 'function') {
			handle.onconnection = (status, accepted) => acceptRaw(requests, status, accepted);
		}
	});
	server.on('connection', (socket) => acceptStream(requests, socket));
	return { close: () => closeInShortTurn(server), certify: () => {} };
}

/** HTTPS on this file descriptor. The ticket key is the same for all workers, so that sessions resume on any. */
export function listenTls(requests: Requests, fd: number, options: TlsListenOptions): Listener {
	let contexts = certificateContexts(options.certificates, options.minVersion);
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
	// Counted from the first byte on: a handshake that is never finished costs a descriptor too.
	server.prependListener('connection', (socket: net.Socket) => countConnection(requests, socket));
	// A failed handshake is the client's affair, but closing it is ours.
	server.on('tlsClientError', (_error, socket) => socket.destroy());
	server.on('secureConnection', (socket) => {
		if (!socket.destroyed) serveStream(requests, socket, true);
	});
	server.listen({ fd }, BACKLOG);
	return {
		close: () => closeInShortTurn(server),
		certify: (certificates) => {
			contexts = certificateContexts(certificates, options.minVersion);
			server.setSecureContext({ ...certificates[0], minVersion: options.minVersion });
		},
	};
}

/** Turns of the event loop that are this short leave next to no time for a connection to come unseen, ms. */
const SHORT_TURN_MS = 0.04;
const MOST_TURNS = 500;

/**
 * Closing a socket resets the connections that wait in its queue. All that came are accepted in the
 * course of a turn; it closes at the end of a short one, so that hardly any can have come since.
 */
function closeInShortTurn(server: net.Server, turns = 0): void {
	const began = performance.now();
	setImmediate(() => {
		if (turns >= MOST_TURNS || performance.now() - began <= SHORT_TURN_MS) server.close();
		else closeInShortTurn(server, turns + 1);
	});
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
		handle.writeBuffer(null, overload(requests));
		handle.close();
		return;
	}
	const connection = new ClientConnection(requests, false);
	connection.attach(new RawTransport(handle, connection, requests.plane.rx), address);
}

/** Holds a place for a connection as long as its socket lives; one too many is closed. */
function countConnection({ plane }: Requests, socket: net.Socket): void {
	const address = plainAddress(socket.remoteAddress ?? '');
	if (plane.gate.open(address)) socket.once('close', () => plane.gate.close(address));
	else socket.destroy();
}

function acceptStream(requests: Requests, socket: net.Socket): void {
	const address = plainAddress(socket.remoteAddress ?? '');
	if (!requests.plane.gate.open(address)) {
		socket.on('error', () => {});
		socket.end(overload(requests));
		return;
	}
	serveStream(requests, socket, false);
}

function serveStream(requests: Requests, socket: net.Socket, secure: boolean): void {
	const connection = new ClientConnection(requests, secure);
	connection.attach(new StreamTransport(socket, connection), plainAddress(socket.remoteAddress ?? ''));
}

/** Said to a connection that is one too many, unasked. */
function overload(requests: Requests): Buffer {
	const { head, body } = problemOf('too_many_connections');
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
