/** The account of the pod that Ballast runs in. */
import { join } from 'node:path';
import type { Access, AccessPlace } from './access.ts';
import { readSmall } from './read-small.ts';

/** Where Kubernetes puts it. */
export const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws PlatformError `credentials` when a part of it cannot be read */
export async function inClusterAccess({ env, account }: AccessPlace): Promise<Access> {
	const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
	return {
		server: `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT']}`,
		ca: await readSmall(join(account, 'ca.crt')),
		serverName: null,
		verify: true,
		namespace: (await readSmall(join(account, 'namespace'))).trim(),
		// A new token is written long before the old one ends: read each time, it is never late.
		identity: async () => ({ token: (await readSmall(join(account, 'token'))).trim(), cert: null, key: null }),
	};
}
