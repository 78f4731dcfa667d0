/** Instances of Kubernetes: what the file leaves out is taken from the environment, as kubectl does. */
import { delimiter } from 'node:path';
import type { KubernetesConfig, KubernetesInput } from '../instances/kubernetes/config.ts';
import type { Place } from './scope.ts';

export function resolveKubernetes(input: KubernetesInput, place: Place): KubernetesConfig {
	if (input.verify === false)
		place
			.at('verify')
			.warn(
				"the API server's certificate is not checked: anybody in between can read and change what is sent, the token included",
			);
	return {
		kind: 'kubernetes',
		workload: resolveWorkload(input.kubernetes, place.at('kubernetes')),
		namespace: input.namespace ?? null,
		service: input.service ?? null,
		port: input.port,
		kubeconfig: resolveKubeconfig(input, place),
		context: input.context ?? null,
		verify: input.verify ?? true,
	};
}

function resolveWorkload(input: KubernetesInput['kubernetes'], place: Place): KubernetesConfig['workload'] {
	const { deployment, statefulset } = input;
	const one = (deployment === undefined) !== (statefulset === undefined);
	if (!one && !place.lostKey())
		place.problem('expected either `deployment: NAME` or `statefulset: NAME`', {
			related: [place.at('deployment').path, place.at('statefulset').path],
		});
	return statefulset === undefined
		? { kind: 'deployment', name: deployment ?? '' }
		: { kind: 'statefulset', name: statefulset };
}

/** A path in the environment is seen from the working folder, one in the file from the file. */
function resolveKubeconfig({ kubeconfig }: KubernetesInput, place: Place): string[] | null {
	if (kubeconfig !== undefined) return [kubeconfig].flat().map((path) => place.scope.file(path));
	const { env } = place.scope.report;
	const paths = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
	return paths.length === 0 ? null : paths;
}
