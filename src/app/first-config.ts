import type { Config } from '../config/config.ts';
import { BallastError } from '../core/errors.ts';
import type { Snapshot } from './core-snapshot.ts';
import type { EventLog } from './event-log.ts';
import type { Loaded } from './source.ts';

/**
 * What a core begins with. One that replaces a crashed core goes on with what ran, even if the file on disk has
 * become bad: `refused` then says why. @throws BallastError `config_invalid`
 */
export function firstConfig(
	loaded: Loaded,
	snapshot: Snapshot | null,
	{ log, refuse }: { log: EventLog; refuse: (why: string) => void },
): Config {
	if (loaded.ok) {
		if (loaded.warnings !== '') log.add({ level: 'warn', subject: 'config', text: loaded.warnings });
		return loaded.config;
	}
	if (snapshot === null) throw new BallastError('config_invalid', loaded.message);
	refuse(loaded.message);
	return snapshot.config;
}
