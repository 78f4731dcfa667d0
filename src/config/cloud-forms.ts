/** Instances of clouds as a person would write them. */
import { formatSize } from '../core/units.ts';
import type { AzureConfig, AzureInput } from '../instances/azure/config.ts';
import type { GcpConfig, GcpInput } from '../instances/gcp/config.ts';
import type { KubernetesConfig, KubernetesInput } from '../instances/kubernetes/config.ts';

export function azureUserForm(config: AzureConfig): AzureInput {
	const { scaleSet, subscription, resourceGroup, port, address, endpoint, sizes } = config;
	const listed = sizes.map(({ name, cpu, memoryBytes }) => ({ name, cpu, memory: formatSize(memoryBytes) }));
	return {
		azure: scaleSet,
		subscription,
		resourceGroup,
		port,
		address,
		endpoint,
		...(listed.length === 0 ? {} : { sizes: listed }),
	};
}

export function gcpUserForm({ group, project, place, port, address, endpoint }: GcpConfig): GcpInput {
	return { gcp: group, project, [place.kind]: place.name, port, address, endpoint };
}

export function kubernetesUserForm(config: KubernetesConfig): KubernetesInput {
	const { workload, namespace, service, port, context, kubeconfig, verify } = config;
	const [only, ...others] = kubeconfig ?? [];
	return {
		kubernetes: { [workload.kind]: workload.name },
		...(namespace === null ? {} : { namespace }),
		...(service === null ? {} : { service }),
		port,
		...(context === null ? {} : { context }),
		...(only === undefined ? {} : { kubeconfig: others.length === 0 ? only : [only, ...others] }),
		verify,
	};
}
