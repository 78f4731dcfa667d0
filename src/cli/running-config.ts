import { isAbsolute } from 'node:path';
import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import { control } from './control-client.ts';
import type { ControlSocket } from './control-socket.ts';
import { readStatus } from './status-answer.ts';

/** The configuration that the running Ballast serves by, secrets masked. Throws `not_running`, `command_failed`. */
export async function runningConfig(where: ControlSocket): Promise<Config> {
	const config = (await control(where, 'config', {})) as Partial<Config> | null;
	if (
		typeof config === 'object' &&
		config?.version === 1 &&
		Array.isArray(config.services) &&
		Array.isArray(config.listen)
	) {
		return config as Config;
	}
	throw new BallastError(
		'command_failed',
		'the configuration of the running Ballast is of another version than this `ballast`',
	);
}

/** The file that a reload would read; undefined when what runs has none (`run`). */
export async function runningFile(where: ControlSocket): Promise<string | undefined> {
	const { config } = readStatus(await control(where, 'status', {}));
	return isAbsolute(config) ? config : undefined;
}
