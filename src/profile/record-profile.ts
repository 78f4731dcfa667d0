/** Records what a running Node.js process spends its CPU on, and leaves it as it was. */
import { BallastError } from '../core/errors.ts';
import { type CpuProfile, readCpuProfile } from './cpu-profile.ts';
import { type InspectorSession, inspectorSession } from './inspector-session.ts';
import { ownPidOf } from './node-process.ts';
import { isClosed, openInspector } from './open-inspector.ts';

export interface Recording {
	pid: number;
	/** How long. */
	ms: number;
	/** Between two samples, µs; 100…100,000. */
	intervalUs: number;
	/** Aborted: ends the recording early, with what it has. */
	signal?: AbortSignal;
}

export interface Recorded {
	profile: CpuProfile;
	/** The inspector listens still, although it should not. */
	leftOpen: boolean;
}

/** What answers after a long profile. */
const STOP_MS = 60_000;
/** Should we be killed, the process closes its inspector itself, so long after the recording would have ended. */
const LEASE_MS = 30_000;

const LEASE = "Symbol.for('ballast.profile')";
// Node.js before 20.16 has no getBuiltinModule.
const CLOSE = "(process.getBuiltinModule?.('node:inspector') ?? process.mainModule.require('node:inspector')).close()";

/** @throws BallastError `command_failed` */
export async function recordProfile({ pid, ms, intervalUs, signal }: Recording): Promise<Recorded> {
	const { url, port, wasOpen } = await openInspector(pid);
	const session = await inspectorSession(url);
	let profile: CpuProfile;
	try {
		await refuseAnother(session, pid);
		if (!wasOpen) {
			const lease = `globalThis[${LEASE}] = setTimeout(() => ${CLOSE}, ${Math.round(ms) + LEASE_MS})`;
			await evaluate(session, `${lease}, globalThis[${LEASE}].unref(), 0`);
		}
		await session.call('Profiler.enable');
		await session.call('Profiler.setSamplingInterval', { interval: intervalUs });
		await session.call('Profiler.start');
		await pause(ms, signal);
		profile = readCpuProfile((await session.call('Profiler.stop', {}, STOP_MS))['profile']);
	} finally {
		if (!wasOpen) await closeInspector(session);
		session.close();
	}
	return { profile, leftOpen: !wasOpen && !(await isClosed(pid, port)) };
}

/** In a moment, since it waits for all connections, ours among them, to end. */
async function closeInspector(session: InspectorSession): Promise<void> {
	const code = `clearTimeout(globalThis[${LEASE}]), delete globalThis[${LEASE}], setTimeout(() => ${CLOSE}, 10), 0`;
	try {
		await evaluate(session, code);
	} catch {
		// It is gone; and with it, its inspector.
	}
}

/** What answers on the port must be the process that was asked for. */
async function refuseAnother(session: InspectorSession, pid: number): Promise<void> {
	const answered = await evaluate(session, 'process.pid');
	if (answered === ownPidOf(pid)) return;
	throw new BallastError(
		'command_failed',
		`the inspector that was found belongs to process ${answered}, not to ${pid}`,
	);
}

async function evaluate(session: InspectorSession, expression: string): Promise<unknown> {
	const { result, exceptionDetails } = await session.call('Runtime.evaluate', { expression, returnByValue: true });
	if (exceptionDetails !== undefined)
		throw new BallastError('command_failed', 'the process does not carry out what the profiler needs');
	return (result as { value?: unknown } | undefined)?.value;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const end = () => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, ms);
		if (signal?.aborted) end();
		else signal?.addEventListener('abort', end, { once: true });
	});
}
