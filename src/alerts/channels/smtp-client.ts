/**
 * Hands one message to a mail server (RFC 5321): EHLO, STARTTLS (RFC 3207), AUTH PLAIN or LOGIN (RFC 4954), DATA.
 * As much as an alert needs to go to a submission server; nothing is sent in the clear after a password was asked for.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { notifyFailed } from '../notification.ts';

export interface SmtpServer {
	host: string;
	port: number;
	/** `implicit`: TLS from the first byte (465). `starttls`: refused without it. `none`: loopback and test servers; no password is sent. */
	tls: 'implicit' | 'starttls' | 'none';
	/** null: it asks for nobody. */
	login: { user: string; password: string } | null;
	/** More authorities, PEM; default: those of Node. */
	ca?: string;
}

export interface SmtpMessage {
	from: string;
	to: readonly string[];
	/** The whole message: fields, an empty line, the body; lines of ASCII that end with CRLF. */
	data: string;
}

const MOST_ANSWER = 16_384;

/** @throws BallastError `notify_failed` */
export async function sendMail(server: SmtpServer, message: SmtpMessage, waitMs: number): Promise<void> {
	const { host, port, tls } = server;
	// A name is asked for by SNI, an address cannot be.
	const secure = {
		host,
		port,
		servername: isIP(host) === 0 ? host : '',
		...(server.ca === undefined ? {} : { ca: server.ca }),
	};
	const session = new Session(tls === 'implicit' ? connectTls(secure) : connect({ host, port }));
	const timer = setTimeout(() => session.fail('did not answer in time'), waitMs);
	try {
		await session.expect(220);
		let abilities = await session.command('EHLO ballast', 250);
		if (tls === 'starttls') {
			if (!/^250[ -]STARTTLS$/im.test(abilities)) throw notifyFailed('offers no STARTTLS', { permanent: true });
			await session.command('STARTTLS', 220);
			await session.encrypt(secure);
			abilities = await session.command('EHLO ballast', 250);
		}
		if (server.login !== null) await logIn(session, server.login, abilities);
		await session.command(`MAIL FROM:<${message.from}>`, 250);
		for (const to of message.to) await session.command(`RCPT TO:<${to}>`, 250);
		await session.command('DATA', 354);
		// A line that is a dot alone would end the message (RFC 5321 §4.5.2).
		await session.command(`${message.data.replaceAll(/^\./gm, '..')}\r\n.`, 250, 'the message');
		session.send('QUIT');
	} finally {
		clearTimeout(timer);
		session.end();
	}
}

async function logIn(
	session: Session,
	{ user, password }: NonNullable<SmtpServer['login']>,
	abilities: string,
): Promise<void> {
	const offered = /^250[ -]AUTH[ =](.*)$/im.exec(abilities)?.[1]?.toUpperCase().split(/\s+/) ?? [];
	const encoded = (text: string) => Buffer.from(text).toString('base64');
	if (offered.includes('PLAIN'))
		await session.command(`AUTH PLAIN ${encoded(`\0${user}\0${password}`)}`, 235, 'the login');
	else if (offered.includes('LOGIN')) {
		await session.command('AUTH LOGIN', 334, 'the login');
		await session.command(encoded(user), 334, 'the login');
		await session.command(encoded(password), 235, 'the login');
	} else throw notifyFailed('offers neither AUTH PLAIN nor AUTH LOGIN', { permanent: true });
}

/** Sends a line and waits for its answer, one after the other. */
class Session {
	#socket: Socket | TLSSocket;
	#received = '';
	#waiting: { resolve(answer: string): void; reject(error: Error): void } | null = null;
	#failure: Error | null = null;

	constructor(socket: Socket | TLSSocket) {
		this.#socket = socket;
		this.#listen();
	}

	/** @param what what is sent, for the error: a login must not stand in it */
	async command(line: string, code: number, what = line): Promise<string> {
		this.send(line);
		return await this.expect(code, what);
	}

	send(line: string): void {
		this.#socket.write(`${line}\r\n`);
	}

	async expect(code: number, what = 'the connection'): Promise<string> {
		const answer = await new Promise<string>((resolve, reject) => {
			if (this.#failure !== null) reject(this.#failure);
			this.#waiting = { resolve, reject };
			this.#look();
		});
		const found = Number(answer.slice(0, 3));
		if (found === code || (code === 250 && found === 251)) return answer;
		throw notifyFailed(`refused ${what.slice(0, 80)}: ${answer.trim().slice(0, 120)}`, {
			permanent: found >= 500 && found < 600,
		});
	}

	/** What came in the clear behind the answer was written by somebody between, and is dropped. */
	async encrypt(options: { host: string; servername: string; ca?: string }): Promise<void> {
		this.#socket.removeAllListeners();
		this.#received = '';
		const plain = this.#socket;
		const socket = connectTls({ ...options, socket: plain });
		this.#socket = socket;
		plain.on('error', (error) => this.fail(reason(error)));
		await new Promise<void>((resolve, reject) => {
			socket.once('secureConnect', resolve);
			this.#waiting = { resolve: () => {}, reject };
			this.#listen();
		});
		this.#waiting = null;
	}

	fail(why: string): void {
		this.#failure ??= notifyFailed(`mail server ${why}`);
		this.#waiting?.reject(this.#failure);
		this.#waiting = null;
		this.#socket.destroy();
	}

	end(): void {
		this.#failure ??= notifyFailed('the connection was ended');
		this.#socket.end();
		// Who does not close is closed.
		setTimeout(() => this.#socket.destroy(), 1000).unref();
	}

	#listen(): void {
		this.#socket.on('data', (chunk: Buffer) => {
			this.#received += chunk.toString('latin1');
			if (this.#received.length > MOST_ANSWER) this.fail('answers without an end');
			else this.#look();
		});
		this.#socket.on('error', (error) => this.fail(reason(error)));
		this.#socket.on('close', () => this.fail('closed the connection'));
	}

	/** An answer ends with a line whose code is followed by a space. */
	#look(): void {
		const found = /^(?:\d{3}-.*\r?\n)*\d{3}(?: .*)?\r?\n/.exec(this.#received);
		if (found === null || this.#waiting === null) return;
		this.#received = this.#received.slice(found[0].length);
		const { resolve } = this.#waiting;
		this.#waiting = null;
		resolve(found[0]);
	}
}

function reason(error: NodeJS.ErrnoException): string {
	return `cannot be reached (${error.code ?? 'error'})`;
}
