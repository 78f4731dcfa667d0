/** Echoing instances: as Ballast's own (`run`), or as processes of the test's that lie behind proxies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';

const FILE = fileURLToPath(new URL('instances/echo.ts', import.meta.url));

/** The command of `instances: { run: … }`. */
export const ECHO_RUN: string[] = [process.execPath, FILE];

/** A process of the test's own, with a proxy in front. */
export interface EchoInstance {
	readonly process: ChildProcess;
	readonly port: number;
	readonly proxy: FaultProxy;
	[Symbol.dispose](): void;
}

export async function startEcho(env: Record<string, string> = {}, args: string[] = []): Promise<EchoInstance> {
	const child = spawn(process.execPath, [FILE, ...args], {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: { ...process.env, PORT: '0', ...env },
	});
	const port = await new Promise<number>((resolve, reject) => {
		child.stdout.setEncoding('utf8').on('data', (text) => resolve(Number(/port (\d+)/.exec(text)?.[1])));
		child.once('exit', (code) => reject(new Error(`the instance ended with ${code}`)));
	});
	const proxy = await startFaultProxy(port);
	const end = () => {
		proxy[Symbol.dispose]();
		child.kill('SIGKILL');
	};
	return { process: child, port, proxy, [Symbol.dispose]: end };
}

export async function startEchoes(
	stack: AsyncDisposableStack,
	count: number,
	args: string[] = [],
): Promise<EchoInstance[]> {
	const starting = Array.from({ length: count }, (_, i) => startEcho({ BALLAST_INSTANCE: `echo-${i + 1}` }, args));
	return (await Promise.all(starting)).map((instance) => stack.use(instance));
}
