/** A group of one command, for tests. */
import type { ExecConfig } from './config.ts';

export function execConfig(command: string[], more: Partial<ExecConfig> = {}): ExecConfig {
	const commands = { list: command, resize: command, remove: command, size: command, usage: command };
	const times = { timeoutMs: 5000, pollMs: 5000, lagMs: 1000 };
	return {
		kind: 'exec',
		commands,
		port: 8080,
		tls: false,
		cwd: process.cwd(),
		env: {},
		secretEnv: [],
		...times,
		...more,
	};
}
