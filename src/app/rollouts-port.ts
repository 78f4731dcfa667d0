import type { Running } from './config-swap.ts';
import type { RolloutsPort } from './rollouts.ts';
import type { ConfigSource } from './source.ts';

/** What roll-outs act on, of what runs. */
export function rolloutsPort(
	{ served, fleet, log }: Pick<Running, 'served' | 'fleet' | 'log'>,
	{ source, ...own }: Omit<RolloutsPort, 'deployments' | 'fleet' | 'load' | 'event'> & { source: ConfigSource },
): RolloutsPort {
	return {
		...own,
		deployments: served.deployments,
		fleet,
		load: () => source.load(),
		event: (level, subject, text, kind = '') => log.add({ level, subject, text, kind }),
	};
}
