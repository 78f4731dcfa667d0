/** Where jobs are kept: what a file says of it. */
import { parseDuration } from '../core/units.ts';
import { JOB_STORE, type JobStoreConfig, type JobStoreInput } from '../jobs/store-config.ts';
import type { StateConfig } from '../redis/config.ts';
import type { Place } from './scope.ts';

/** On this machine, unless it says otherwise: a Redis that answers may be thrown out of is no place for jobs. */
export function resolveJobStore(
	input: JobStoreInput | undefined,
	place: Place,
	{ redis }: StateConfig,
): JobStoreConfig {
	if (input === undefined || input === 'embedded') return { kind: 'embedded' };
	if (redis === null) {
		place.problem('expected a Redis to keep jobs in: `state: { redis: { url: … } }`', { at: 'key' });
		return { kind: 'embedded' };
	}
	const said = input === 'redis' ? {} : input.redis;
	const folder = said.folder === undefined ? null : place.scope.file(said.folder);
	return {
		kind: 'redis',
		replicas: said.replicas ?? (redis.place.kind === 'single' ? 0 : 1),
		waitMs: said.wait === undefined ? JOB_STORE.waitMs : (parseDuration(said.wait) ?? JOB_STORE.waitMs),
		folder,
	};
}
