import { spawn } from 'node:child_process';
import { type Channel, type Notification, notifyFailed, SEND_MS } from '../notification.ts';
import { webhookBody } from './alertmanager-form.ts';

export interface CommandConfig {
	type: 'command';
	/** Program and arguments; no shell is between. */
	command: readonly string[];
	cwd: string;
}

/** What it says of a failure, bytes. */
const MOST_SAID = 2000;
/** Ballast's own environment may hold secrets that are not for it. */
const PASSED = ['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'LOGNAME', 'TMPDIR'];

/** Runs a program for each notification: the webhook's JSON on its standard input, exit code 0 for taken. */
export class CommandChannel implements Channel {
	readonly #config: CommandConfig;
	readonly #waitMs: number;

	constructor(config: CommandConfig, waitMs: number = SEND_MS) {
		this.#config = config;
		this.#waitMs = waitMs;
	}

	send(notification: Notification): Promise<void> {
		const { command, cwd } = this.#config;
		const [program = '', ...args] = command;
		const env = Object.fromEntries(
			PASSED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]])),
		);
		return new Promise((resolve, reject) => {
			// A group of its own, so that its children end with it.
			const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'ignore', 'pipe'], detached: true });
			let said = '';
			const timer = setTimeout(() => {
				end(child.pid);
				reject(notifyFailed(`took longer than ${this.#waitMs / 1000} s and was ended`));
			}, this.#waitMs);
			child.on('error', (error: NodeJS.ErrnoException) => {
				clearTimeout(timer);
				reject(notifyFailed(`could not be started (${error.code ?? 'error'})`, { permanent: error.code === 'ENOENT' }));
			});
			child.stderr.on('data', (chunk: Buffer) => {
				if (said.length < MOST_SAID) said += chunk.toString('utf8');
			});
			child.on('exit', (code, signal) => {
				clearTimeout(timer);
				end(child.pid);
				child.stderr.destroy();
				if (code === 0) resolve();
				else reject(notifyFailed(`ended with ${signal ?? code}${said === '' ? '' : `: ${said.trim().slice(0, 150)}`}`));
			});
			// It may end without having read.
			child.stdin.on('error', () => {});
			child.stdin.end(`${JSON.stringify(webhookBody(notification))}\n`);
		});
	}
}

/** The whole group; what has ended already is no error. */
function end(pid: number | undefined): void {
	if (pid === undefined) return;
	try {
		process.kill(-pid, 'SIGKILL');
	} catch {}
}
