/** Instances of an Azure scale set: what the file leaves out is taken from the environment, as Azure's own tools do. */
import { parseSize } from '../core/units.ts';
import type { AzureConfig, AzureInput } from '../instances/azure/config.ts';
import { AZURE_ENDPOINT } from '../instances/azure/endpoint.ts';
import { resolveNamed } from './resolve-named.ts';
import type { Place } from './scope.ts';

export function resolveAzure(input: AzureInput, place: Place): AzureConfig {
	return {
		kind: 'azure',
		scaleSet: input.azure,
		subscription: resolveNamed(input.subscription, ['AZURE_SUBSCRIPTION_ID'], place.at('subscription')),
		resourceGroup: resolveNamed(
			input.resourceGroup,
			['AZURE_RESOURCE_GROUP', 'AZURE_DEFAULTS_GROUP'],
			place.at('resourceGroup'),
		),
		port: input.port,
		address: input.address ?? 'private',
		endpoint: input.endpoint ?? AZURE_ENDPOINT,
		sizes: (input.sizes ?? []).map(({ name, cpu, memory }) => ({ name, cpu, memoryBytes: parseSize(memory) ?? 0 })),
	};
}
