/** What tests of instances that are processes share. */
import { connect } from 'node:net';
import type { RunConfig } from '../config.ts';
import type { ProvidedInstance } from '../provider.ts';
import { TestingWatcher } from '../testing-watcher.ts';
import type { RunProvider } from './run-provider.ts';

/** An API that says who it is. */
export const SERVER: string = `require('node:http').createServer((q, r) => r.end(process.env.BALLAST_INSTANCE)).listen(process.env.PORT, '127.0.0.1')`;

export function runConfig(code: string, changes: Partial<RunConfig> = {}): RunConfig {
	return {
		kind: 'run',
		command: [process.execPath, '-e', code],
		cwd: '/',
		env: {},
		secretEnv: [],
		user: null,
		graceMs: 2000,
		startMs: 5000,
		portEnv: 'PORT',
		...changes,
	};
}

/** Does what the fleet does, in the simplest way: connects for readiness, removes what leaves at once. */
export class Tending extends TestingWatcher {
	provider: RunProvider | null = null;
	closed = false;
	override changed(instance: ProvidedInstance): void {
		super.changed(instance);
		if (instance.life === 'leaving') void this.provider?.remove(instance.id, Date.now() + 1500);
		if (instance.life === 'running') void this.#knock(instance);
	}
	async #knock(instance: ProvidedInstance): Promise<void> {
		const same = () => !this.closed && this.instances.get(instance.id)?.epoch === instance.epoch;
		while (same()) {
			const open = await new Promise<boolean>((resolve) => {
				const socket = connect(instance.port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
				socket.on('connect', () => socket.destroy());
			});
			if (open && same()) return this.provider?.reached(instance.id, true, '');
			this.provider?.reached(instance.id, false, 'the connection was refused');
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}
}
