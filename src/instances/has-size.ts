import type { InstancesConfig } from './config.ts';

/** Whether the number of these instances can be set. */
export function hasSize({ kind }: Pick<InstancesConfig, 'kind'>): boolean {
	return kind !== 'urls' && kind !== 'dns';
}
