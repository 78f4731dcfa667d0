import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { LogEntry } from '../core/log-entry.ts';
import type { LogSink } from './log-sink.ts';
import { MOST_DATAGRAM, syslogLine } from './syslog-line.ts';

export interface SyslogOptions {
	transport: 'udp' | 'tcp';
	host: string;
	port: number;
	/** Told once when the receiver is lost, and once when it is back. */
	tell(problem: string): void;
}

const IDENTITY = { host: hostname(), app: 'ballast' };
/** What waits at most, entries and bytes. */
const MOST_WAITING = 10_000;
const MOST_WAITING_BYTES = 8_388_608;
/** How many datagrams may be on their way to the system. */
const MOST_DATAGRAMS = 1000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;

/** A syslog receiver: RFC 5426 over UDP, RFC 6587 with octet counting over TCP, which is connected again for ever. */
export function openSyslog(options: SyslogOptions): LogSink {
	return options.transport === 'udp' ? new UdpSyslog(options) : new TcpSyslog(options);
}

class UdpSyslog implements LogSink {
	dropped = 0;
	readonly #options: SyslogOptions;
	readonly #socket: UdpSocket;
	#underWay = 0;
	#failing = false;

	constructor(options: SyslogOptions) {
		this.#options = options;
		this.#socket = createSocket(options.host.includes(':') ? 'udp6' : 'udp4');
		this.#socket.on('error', () => {});
		this.#socket.unref();
	}

	send(entries: readonly LogEntry[]): void {
		for (const entry of entries) {
			if (this.#underWay >= MOST_DATAGRAMS) {
				this.dropped++;
				continue;
			}
			this.#underWay++;
			const line = syslogLine(entry, IDENTITY, MOST_DATAGRAM);
			this.#socket.send(line, this.#options.port, this.#options.host, (error) => this.#sent(error));
		}
	}

	#sent(error: Error | null): void {
		this.#underWay--;
		if (error !== null) this.dropped++;
		if ((error !== null) === this.#failing) return;
		this.#failing = error !== null;
		const { host, port } = this.#options;
		this.#options.tell(
			error === null
				? `syslog ${host}:${port} takes lines again`
				: `syslog ${host}:${port} cannot be sent to: ${error.message}`,
		);
	}

	close(): void {
		this.#socket.close();
	}
}

class TcpSyslog implements LogSink {
	dropped = 0;
	readonly #options: SyslogOptions;
	#socket: Socket | null = null;
	#ready = false;
	#waiting: Buffer[] = [];
	#waitingBytes = 0;
	#retryMs = FIRST_RETRY_MS;
	#timer: NodeJS.Timeout | undefined;
	#failing = false;
	#closed = false;

	constructor(options: SyslogOptions) {
		this.#options = options;
		this.#connect();
	}

	send(entries: readonly LogEntry[]): void {
		for (const entry of entries) {
			const line = syslogLine(entry, IDENTITY);
			if (this.#waiting.length >= MOST_WAITING || this.#waitingBytes + line.length > MOST_WAITING_BYTES) {
				this.dropped++;
				continue;
			}
			this.#waiting.push(Buffer.concat([Buffer.from(`${line.length} `), line]));
			this.#waitingBytes += line.length;
		}
		this.#flush();
	}

	/** One write at a time, so that what waits is here, where it is bounded, and not in the socket. */
	#flush(): void {
		if (!this.#ready || this.#waiting.length === 0 || this.#socket === null || this.#socket.writableNeedDrain) return;
		const lines = Buffer.concat(this.#waiting);
		this.#waiting = [];
		this.#waitingBytes = 0;
		this.#socket.write(lines);
	}

	#connect(): void {
		const socket = connect({ host: this.#options.host, port: this.#options.port });
		this.#socket = socket;
		socket.unref();
		socket.setKeepAlive(true, 30_000);
		socket.on('connect', () => this.#connected());
		socket.on('drain', () => this.#flush());
		// Receivers say nothing; what they say anyhow is not read into memory.
		socket.resume();
		socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code ?? error.message));
		socket.on('end', () => socket.destroy());
		socket.on('close', () => this.#again());
	}

	#connected(): void {
		this.#ready = true;
		this.#retryMs = FIRST_RETRY_MS;
		if (this.#failing) this.#options.tell(`syslog ${this.#options.host}:${this.#options.port} takes lines again`);
		this.#failing = false;
		this.#flush();
	}

	#lost(why: string): void {
		if (this.#failing || this.#closed) return;
		this.#failing = true;
		this.#options.tell(`syslog ${this.#options.host}:${this.#options.port} cannot be reached: ${why}`);
	}

	#again(): void {
		this.#ready = false;
		this.#socket = null;
		if (this.#closed) return;
		this.#lost('the connection was closed');
		this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
		this.#timer.unref();
		this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
	}

	close(): void {
		this.#closed = true;
		this.#flush();
		clearTimeout(this.#timer);
		this.#socket?.end();
	}
}
