/** Which access to a cluster there is. */
import { accessSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Access, AccessPlace } from './access.ts';
import type { KubernetesConfig } from './config.ts';
import { ACCOUNT, inClusterAccess } from './in-cluster.ts';

export const HERE: AccessPlace = { env: process.env, account: ACCOUNT };

/**
 * What the configuration says, else the account of the pod that this runs in, else `~/.kube/config`.
 * @throws PlatformError `bad_request` when nothing is there or it does not say what is needed
 */
export async function openAccess(config: KubernetesConfig, place: AccessPlace = HERE): Promise<Access> {
	const { kubeconfig, context, verify } = config;
	if (kubeconfig === null && context === null && isInCluster(place)) return inClusterAccess(place);
	const home = join(place.env['HOME'] || homedir(), '.kube', 'config');
	// With it comes the reader of YAML, which is only needed here.
	const { kubeconfigAccess } = await import('./kubeconfig.ts');
	return kubeconfigAccess(kubeconfig ?? [home], { context, verify, env: place.env });
}

function isInCluster({ env, account }: AccessPlace): boolean {
	if (!env['KUBERNETES_SERVICE_HOST'] || !env['KUBERNETES_SERVICE_PORT']) return false;
	try {
		accessSync(join(account, 'token'));
		return true;
	} catch {
		return false;
	}
}
