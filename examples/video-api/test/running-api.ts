import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const server = fileURLToPath(new URL('../server.ts', import.meta.url));

export interface RunningApi {
	url: string;
	process: ChildProcess;
	/** Everything that it printed. */
	output: string[];
	/** Sends SIGTERM and waits for the end; its exit code. */
	stop(): Promise<number | null>;
	exited: Promise<number | null>;
}

/** An empty folder for the data of a test, removed when the test is over. */
export async function dataFolder(t: TestContext): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'video-api-'));
	t.after(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

/** Starts the real server on a free port; what is still running when the test is over is killed. */
export async function startApi(t: TestContext, env: Record<string, string> = {}): Promise<RunningApi> {
	const DATA_DIR = env['DATA_DIR'] ?? (await dataFolder(t));
	const own = { PATH: process.env['PATH'], PORT: '0', SPEED: '6000', SHUTDOWN_DELAY_MS: '0', DATA_DIR };
	const child = spawn(process.execPath, [server], { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
	const exited = once(child, 'exit').then(([code]) => code as number | null);
	t.after(async () => {
		child.kill('SIGKILL');
		await exited;
	});
	const output: string[] = [];
	child.stderr.on('data', (data) => output.push(String(data)));
	const url = await new Promise<string>((resolve, reject) => {
		createInterface(child.stdout).on('line', (line) => {
			output.push(line);
			const { url } = JSON.parse(line) as { url?: string };
			if (line.includes('"ready"') && url) resolve(url);
		});
		void exited.then((code) => reject(new Error(`ended with ${code}: ${output.join('\n')}`)));
	});
	const stop = () => {
		child.kill('SIGTERM');
		return exited;
	};
	return { url, process: child, output, stop, exited };
}

/** Posts JSON. */
export function post(url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
	const headers = { 'content-type': 'application/json' };
	return fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: signal ?? null });
}

/** What the API answers, as far as tests look at it. */
export interface Answer {
	data: Item;
	code: string;
}
export interface Page {
	data: Item[];
	has_more: boolean;
	next_cursor: string | null;
}
export type Item = Record<string, unknown> & { id: string };

export async function json<T = Answer>(response: Response | Promise<Response>): Promise<T> {
	return (await (await response).json()) as T;
}

/** Asks for JSON. */
export function get<T = Answer>(url: string): Promise<T> {
	return json<T>(fetch(url));
}

/** How many renders run, over all processes on the same data. */
export async function rendersRunning(url: string): Promise<number> {
	return (await get<{ renders_running: number }>(`${url}/v1/whoami`)).renders_running;
}

/** Asks again until it is so; fails after 5 s. */
export async function until(what: () => Promise<boolean>): Promise<void> {
	const deadline = Date.now() + 5000;
	while (!(await what())) {
		if (Date.now() > deadline) throw new Error(`not within 5 s: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
