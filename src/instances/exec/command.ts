/** Runs one command: JSON in, JSON out, bounded in time and in what it may print. */
import { spawn } from 'node:child_process';
import { inert } from '../../core/inert.ts';
import { PlatformError, type PlatformFault } from '../platform/platform-error.ts';
import { plainEnvironment } from '../run/environment.ts';
import { inSeconds } from '../wording.ts';

/** Most that a command may print, bytes. */
export const MOST_OUTPUT = 4_194_304;
const MOST_MESSAGE = 4096;
/** sysexits.h: it may pass, permission denied. */
const FAULTS: Record<number, PlatformFault> = { 75: 'busy', 77: 'denied' };
const NAMED: readonly PlatformFault[] = [
	'throttled',
	'unreachable',
	'busy',
	'denied',
	'credentials',
	'capacity',
	'not_found',
	'bad_request',
];

export interface CommandSpec {
	/** argv. */
	readonly command: readonly string[];
	readonly cwd: string;
	readonly env: Readonly<Record<string, string>>;
	readonly timeoutMs: number;
}

interface Ended {
	readonly stdout: string;
	/** The last line of stderr. */
	readonly message: string;
	readonly code: number | null;
	readonly signal: string | null;
}

/**
 * Runs it with `input` at its stdin.
 * @returns what it printed, parsed; null when that was nothing
 * @throws PlatformError
 */
export async function runCommand(spec: CommandSpec, input: object, signal: AbortSignal): Promise<unknown> {
	const { stdout, message, code, signal: killed } = await run(spec, `${JSON.stringify(input)}\n`, signal);
	const name = spec.command.join(' ');
	const answer = parse(stdout);
	if (code !== 0) {
		const how = killed === null ? `ended with code ${code}` : `was killed by ${killed}`;
		throw failure(code ?? 1, message === '' ? `\`${name}\` ${how}` : message, answer);
	}
	if (answer === undefined) throw new PlatformError('bad_request', `\`${name}\` printed something that is no JSON`);
	return answer;
}

/** undefined: no JSON. null: nothing. */
function parse(text: string): unknown {
	if (text.trim() === '') return null;
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** A command that fails may say more on its stdout: `{ "fault": "capacity", "retryAfter": 30, "permission": "…" }`. */
function failure(code: number, message: string, answer: unknown): PlatformError {
	const said = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
	const fault = NAMED.find((name) => name === said['fault']) ?? FAULTS[code] ?? 'bad_request';
	const { permission, retryAfter } = said;
	return new PlatformError(fault, message, {
		...(typeof permission === 'string' && permission !== '' ? { permission: inert(permission.slice(0, 200)) } : {}),
		...(typeof retryAfter === 'number' && retryAfter >= 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
	});
}

function run(spec: CommandSpec, input: string, signal: AbortSignal): Promise<Ended> {
	const { promise, resolve, reject } = Promise.withResolvers<Ended>();
	const [file = '', ...args] = spec.command;
	const env = { ...plainEnvironment(process.env), ...spec.env };
	// A group of its own, so that what it started ends with it.
	const child = spawn(file, args, { cwd: spec.cwd, env, detached: true, stdio: 'pipe' });
	const stop = (error: PlatformError): void => {
		reject(error);
		if (child.pid !== undefined) endGroup(child.pid);
		for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
	};
	const name = spec.command.join(' ');
	const late = `\`${name}\` took longer than ${inSeconds(spec.timeoutMs)} and was killed`;
	const timer = setTimeout(() => stop(new PlatformError('unreachable', late)), spec.timeoutMs);
	const aborted = (): void => stop(new PlatformError('unreachable', `\`${name}\` was called off`));
	signal.addEventListener('abort', aborted, { once: true });
	let bytes = 0;
	const output: Buffer[] = [];
	child.stdout.on('data', (chunk: Buffer) => {
		bytes += chunk.length;
		output.push(chunk);
		if (bytes > MOST_OUTPUT)
			stop(new PlatformError('bad_request', `\`${name}\` printed more than ${MOST_OUTPUT} bytes`));
	});
	let errors = '';
	child.stderr.on('data', (chunk: Buffer) => {
		errors = (errors + chunk.toString()).slice(-MOST_MESSAGE);
	});
	// It need not read what it is told.
	child.stdin.on('error', () => {});
	child.stdin.end(input);
	child.on('error', (error) =>
		stop(new PlatformError('bad_request', `\`${name}\` could not be started: ${error.message}`)),
	);
	child.on('close', (code, killed) => {
		resolve({ stdout: Buffer.concat(output).toString(), message: lastLine(errors), code, signal: killed });
	});
	const done = (): void => {
		clearTimeout(timer);
		signal.removeEventListener('abort', aborted);
	};
	promise.then(done, done);
	if (signal.aborted) aborted();
	return promise;
}

function endGroup(pid: number): void {
	try {
		process.kill(-pid, 'SIGKILL');
	} catch {
		// It ended meanwhile.
	}
}

function lastLine(text: string): string {
	return inert(text.trim().split('\n').at(-1)?.trim() ?? '').slice(0, 400);
}
