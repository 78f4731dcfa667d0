import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import { type Running, swapConfig } from './config-swap.ts';
import type { ConfigWatch } from './config-watch.ts';
import type { EventLog } from './event-log.ts';
import type { ConfigSource } from './source.ts';

export interface ReloadParts {
	source: ConfigSource;
	watch: ConfigWatch;
	log: EventLog;
	/** One change after the other. */
	alone<T>(work: () => Promise<T>): Promise<T>;
	stopping(): boolean;
	running(): Running;
	config(): Config;
	/** From now on it is this one. */
	configured(config: Config): void;
	/** It was taken up. */
	done(): void;
}

/** Takes up the configuration as it is on disk. */
export class ConfigReload {
	readonly #parts: ReloadParts;
	/** Why the file is not what runs; '': it is. */
	refused = '';

	constructor(parts: ReloadParts) {
		this.#parts = parts;
	}

	/**
	 * Takes up the configuration as it is on disk now, wholly or not at all. Resolves to what changed.
	 * @throws BallastError `config_invalid` with all that is wrong
	 */
	reload(): Promise<string> {
		const { source, watch, alone, stopping } = this.#parts;
		return alone(async () => {
			if (stopping()) throw new BallastError('command_failed', 'this node is shutting down');
			const loaded = await source.load();
			if (source.watch) await watch.follow(loaded.files);
			try {
				if (!loaded.ok) throw new BallastError('config_invalid', loaded.message);
				return await this.#swap(loaded.config);
			} catch (error) {
				const why = error instanceof Error ? error.message : String(error);
				this.refuse(why);
				throw error;
			}
		});
	}

	refuse(why: string): void {
		this.refused = `the configuration was refused, the one before goes on: ${why}`;
		this.#parts.log.add({ level: 'error', subject: 'config', text: this.refused });
	}

	async #swap(loaded: Config): Promise<string> {
		const { running, config, configured, done } = this.#parts;
		const text = await swapConfig(running(), { before: config(), loaded }, configured);
		this.refused = '';
		if (text === '') return 'nothing changed';
		done();
		return text;
	}
}
