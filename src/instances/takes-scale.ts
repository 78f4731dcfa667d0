import type { InstancesConfig } from './config.ts';

/** Whether Ballast can set how many instances of this kind there are. */
export function takesScale({ kind }: Pick<InstancesConfig, 'kind'>): boolean {
	return kind !== 'urls' && kind !== 'dns';
}
