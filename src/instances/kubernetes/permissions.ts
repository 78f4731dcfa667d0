/** What Ballast asks of a cluster, so that a missing permission is found before it is needed. */
import { valueAt } from '../platform/json-reading.ts';
import type { ApiClient } from './api-client.ts';
import type { KubernetesConfig } from './config.ts';

export interface Permission {
	readonly verb: string;
	readonly group: string;
	readonly resource: string;
	readonly subresource?: string;
	/** Of the object; missing: all of the namespace. */
	readonly name?: string;
}

/** What it takes to look, to resize and to remove: the Role in the documentation, without what only a part of it needs. */
export function permissionsFor({ workload: { kind, name }, service }: KubernetesConfig): Permission[] {
	const [group, resource] = ['apps', `${kind}s`];
	const whole = { group, resource, name };
	const pods = { group: '', resource: 'pods' };
	const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };
	return [
		...['get', 'list', 'watch'].map((verb) => ({ verb, ...whole })),
		...['get', 'patch'].map((verb) => ({ verb, ...whole, subresource: 'scale' })),
		...(kind === 'statefulset' ? ['list', 'watch'] : ['list', 'watch', 'patch']).map((verb) => ({ verb, ...pods })),
		...(kind === 'statefulset' ? [{ verb: 'list', group: '', resource: 'events' }] : []),
		...(service === null ? [] : ['list', 'watch'].map((verb) => ({ verb, ...slices }))),
		{ verb: 'list', group: 'autoscaling', resource: 'horizontalpodautoscalers' },
	];
}

/** As a Role writes it: `patch deployments/scale`. */
export function textOf({ verb, resource, subresource }: Permission): string {
	return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

/**
 * Those of them that are not granted (SelfSubjectAccessReview of authorization.k8s.io/v1, which every account may ask
 * for unless that was taken from it).
 * @throws PlatformError
 */
export async function missingOf(
	{ client, namespace }: { client: ApiClient; namespace: string },
	permissions: readonly Permission[],
	signal: AbortSignal,
): Promise<string[]> {
	const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
	const review = async (permission: Permission): Promise<string[]> => {
		const body = {
			apiVersion: 'authorization.k8s.io/v1',
			kind: 'SelfSubjectAccessReview',
			spec: { resourceAttributes: { namespace, ...permission } },
		};
		const answer = await client.call({ verb: 'create', resource: 'selfsubjectaccessreviews', path, body }, signal);
		return valueAt(answer, 'status', 'allowed') === false ? [textOf(permission)] : [];
	};
	return (await Promise.all(permissions.map(review))).flat();
}
