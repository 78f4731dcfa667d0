/** Instances of a managed instance group: what the file leaves out is taken from the environment, as gcloud does. */
import type { GcpConfig, GcpInput } from '../instances/gcp/config.ts';
import { GCP_ENDPOINT } from '../instances/gcp/endpoint.ts';
import { fromEnvironment, resolveNamed } from './resolve-named.ts';
import type { Place } from './scope.ts';

const PROJECT_VARIABLES = ['GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT', 'CLOUDSDK_CORE_PROJECT'];

export function resolveGcp(input: GcpInput, place: Place): GcpConfig {
	return {
		kind: 'gcp',
		group: input.gcp,
		project: resolveNamed(input.project, PROJECT_VARIABLES, place.at('project')),
		place: resolvePlace(input, place),
		port: input.port,
		address: input.address ?? 'internal',
		endpoint: input.endpoint ?? GCP_ENDPOINT,
		machineTypes: input.machineTypes ?? [],
	};
}

function resolvePlace({ zone, region }: GcpInput, place: Place): GcpConfig['place'] {
	if (zone !== undefined && region !== undefined) {
		const message = 'expected either `zone` or `region`: a group is zonal or regional';
		place.at('region').problem(message, { value: region, related: [place.at('zone').path] });
	}
	if (zone !== undefined) return { kind: 'zone', name: zone };
	if (region !== undefined) return { kind: 'region', name: region };
	const found = fromEnvironment(['CLOUDSDK_COMPUTE_ZONE'], place);
	if (found !== undefined) return { kind: 'zone', name: found };
	return { kind: 'region', name: resolveNamed(undefined, ['CLOUDSDK_COMPUTE_REGION'], place.at('region')) };
}
