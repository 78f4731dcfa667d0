/** One command to a running Ballast, over its control socket: newline-delimited JSON, one command a connection. */
import { connect, type Socket } from 'node:net';
import { BallastError, ERRORS, type ErrorCode } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { type ControlSocket, checkSocket, notRunning } from './control-socket.ts';

export type ControlCommand =
	| 'status'
	| 'restart'
	| 'reload'
	| 'scale'
	| 'drain'
	| 'purge'
	| 'jobs'
	| 'undrain'
	| 'deploy'
	| 'stop'
	| 'upgrade'
	| 'config'
	| 'figures'
	| 'figure-list'
	| 'logs'
	| 'log-histogram'
	| 'log-top'
	| 'log-percentiles'
	| 'log-patterns'
	| 'analytics'
	| 'alerts'
	| 'alert-ack'
	| 'alert-silence'
	| 'alert-unsilence'
	| 'alert-test'
	| 'trace'
	| 'scaling'
	| 'scaling-history'
	| 'scaling-decision'
	| 'review';

export interface ControlOptions {
	/** Progress, a line each; not yet inert. */
	onLine?: (line: string) => void;
	/** Longest silence, ms; default 10 s. */
	quietMs?: number;
	/** Ends our side; the command itself goes on. */
	signal?: AbortSignal;
}

/** Longest line that is taken, in UTF-16 units: a status of 20,000 instances is a third of it. */
const MAX_LINE = 32 * 1024 * 1024;
const CONNECT_MS = 2000;

/**
 * Sends the command and gives its result. Throws `not_running` when nothing listens, the answer's own
 * code when it is refused, `command_failed` when the other end falls silent, breaks off or speaks
 * something else. Aborted: throws the signal's reason.
 */
export async function control(
	where: ControlSocket,
	command: ControlCommand,
	args: Record<string, unknown>,
	options: ControlOptions = {},
): Promise<unknown> {
	await checkSocket(where);
	options.signal?.throwIfAborted();
	const socket = connect({ path: where.path });
	try {
		await connected(socket, where);
		options.signal?.throwIfAborted();
		socket.write(`${JSON.stringify({ id: 1, command, args })}\n`);
		return await answer(socket, where, options);
	} finally {
		socket.destroy();
	}
}

function connected(socket: Socket, where: ControlSocket): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(
			() => reject(failed(`${where.path} does not take the connection; is that Ballast stuck?`)),
			CONNECT_MS,
		);
		socket.once('connect', () => {
			clearTimeout(timer);
			resolve();
		});
		// Stays: a socket's later error must not end the process.
		socket.on('error', (error: NodeJS.ErrnoException) => {
			clearTimeout(timer);
			if (error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT')
				return reject(failed(`the control socket ${where.path} fails: ${error.message}`));
			void notRunning(where, error).then(reject);
		});
	});
}

function answer(
	socket: Socket,
	where: ControlSocket,
	{ onLine, quietMs = 10_000, signal }: ControlOptions,
): Promise<unknown> {
	return new Promise((resolve, reject) => {
		let rest = '';
		const silent = setTimeout(
			() =>
				reject(failed(`${where.path} has said nothing for ${quietMs / 1000} s; what was asked may still be under way`)),
			quietMs,
		);
		const end = (act: () => void) => {
			clearTimeout(silent);
			signal?.removeEventListener('abort', abort);
			act();
		};
		const abort = () => end(() => reject(signal?.reason));
		signal?.addEventListener('abort', abort, { once: true });
		socket.on('error', (error) =>
			end(() => reject(failed(`the control socket ${where.path} fails: ${error.message}`))),
		);
		socket.on('close', () =>
			end(() => reject(failed(`${where.path} closed the connection before it answered`, { brokenOff: true }))),
		);
		socket.setEncoding('utf8');
		socket.on('data', (chunk: string) => {
			// A long line is only appended to: splitting at each chunk would read it anew each time.
			const lines = chunk.includes('\n') ? (rest + chunk).split('\n') : [rest + chunk];
			rest = lines.pop() as string;
			try {
				if (rest.length > MAX_LINE) throw garbage(where, rest);
				for (const line of lines) {
					// Only whole lines count, or a trickle could hold us for ever.
					silent.refresh();
					const message = readMessage(line, where);
					if ('line' in message) onLine?.(message.line);
					else return end(() => resolve(message.result));
				}
			} catch (error) {
				end(() => reject(error));
			}
		});
	});
}

/** A progress line or the result; throws the error that it carries. */
function readMessage(text: string, where: ControlSocket): { line: string } | { result: unknown } {
	let message: unknown;
	try {
		message = JSON.parse(text);
	} catch {
		throw garbage(where, text);
	}
	if (typeof message !== 'object' || message === null) throw garbage(where, text);
	const { id, line, ok, result, code, message: reason } = message as Record<string, unknown>;
	if (id === 1 && typeof line === 'string') return { line };
	if (id === 1 && ok === true) return { result };
	if (ok !== false || typeof code !== 'string' || typeof reason !== 'string') throw garbage(where, text);
	throw new BallastError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'command_failed', reason, {
		answered: true,
	});
}

function garbage(where: ControlSocket, text: string): BallastError {
	const start = inert(text.slice(0, 60));
	return failed(
		`what answers at ${where.path} is not a Ballast that this version understands; it said: ${start}${text.length > 60 ? '…' : ''}`,
	);
}

function failed(message: string, details: Record<string, unknown> = {}): BallastError {
	return new BallastError('command_failed', message, details);
}
