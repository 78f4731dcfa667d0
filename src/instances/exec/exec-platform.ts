/** Any other platform, by commands of the user: each is told what to do as JSON and answers as JSON. */
import type { MemberSize, Platform, PlatformGroup, PlatformUsage, SizeApplied } from '../platform/platform.ts';
import { readGroup, readHow, readUsage } from './answers.ts';
import { runCommand } from './command.ts';
import type { ExecConfig } from './config.ts';

/** Version of what commands are told and answer. */
const CONTRACT = 1;

export class ExecPlatform implements Platform {
	readonly kind = 'exec';
	readonly target: string;
	readonly identity: string;
	readonly lagMs: number;
	/** There only where a command for it is: see `KnowsUsage`, `Sizes`. */
	declare usage?: (ids: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, PlatformUsage>>;
	declare applySize?: (size: MemberSize, signal: AbortSignal) => Promise<SizeApplied>;
	readonly #service: string;
	readonly #config: ExecConfig;
	readonly #closed = new AbortController();

	constructor(service: string, config: ExecConfig) {
		this.#service = service;
		this.#config = config;
		this.target = `the group of \`${config.commands.list.join(' ')}\``;
		this.identity = JSON.stringify([config.commands.list, config.cwd, config.env]);
		this.lagMs = config.lagMs;
		const { usage, size } = config.commands;
		if (usage !== null)
			this.usage = async (ids, signal) =>
				readUsage(await this.#run(usage, { action: 'usage', ids }, signal), Date.now());
		if (size !== null)
			this.applySize = async (wanted, signal) => readHow(await this.#run(size, { action: 'size', ...wanted }, signal));
	}

	async group(signal: AbortSignal): Promise<PlatformGroup> {
		const { commands, port } = this.#config;
		return readGroup(await this.#run(commands.list, { action: 'list' }, signal), port);
	}

	async setDesired(count: number, signal: AbortSignal): Promise<void> {
		await this.#run(this.#config.commands.resize, { action: 'resize', desired: count }, signal);
	}

	async remove(ids: readonly string[], signal: AbortSignal): Promise<void> {
		await this.#run(this.#config.commands.remove, { action: 'remove', ids }, signal);
	}

	close(): void {
		this.#closed.abort();
	}

	#run(command: string[], told: object, signal: AbortSignal): Promise<unknown> {
		const { cwd, env, timeoutMs } = this.#config;
		const input = { version: CONTRACT, service: this.#service, ...told };
		return runCommand({ command, cwd, env, timeoutMs }, input, AbortSignal.any([signal, this.#closed.signal]));
	}
}
