/** Instances that an Azure virtual machine scale set has. */

import { z } from 'zod';
import { choice, integer, key, list, object, required, size, text } from '../../core/schema.ts';
import { complainOfEndpoint } from '../platform/rest-client.ts';
import { AZURE_ENDPOINT } from './endpoint.ts';

export interface AzureSize {
	/** `Standard_D2s_v5`. */
	name: string;
	/** Virtual CPUs. */
	cpu: number;
	memoryBytes: number;
}

export interface AzureConfig {
	kind: 'azure';
	scaleSet: string;
	subscription: string;
	resourceGroup: string;
	/** That the instances listen on. */
	port: number;
	address: 'private' | 'public';
	/** Of Azure Resource Manager. */
	endpoint: string;
	/** What a change of size may choose from; empty: the size is never changed. */
	sizes: AzureSize[];
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const azureForm = object({
	azure: required(
		text('the name of a virtual machine scale set', (value) =>
			NAME.test(value) ? undefined : 'expected the name of a virtual machine scale set',
		),
		'The virtual machine scale set whose VMs are the instances; Ballast sets its capacity and deletes the VMs that it has drained.',
		{ example: 'videos' },
	),
	subscription: key(
		text('the id of a subscription', (value) =>
			/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
				? undefined
				: 'expected the id of a subscription such as 00000000-0000-0000-0000-000000000000',
		),
		'The subscription that it is in.',
		{ defaultText: 'the variable `AZURE_SUBSCRIPTION_ID`', example: '00000000-0000-0000-0000-000000000000' },
	),
	resourceGroup: key(
		text('the name of a resource group', (value) =>
			/^[\p{L}\p{N}_().-]{1,90}$/u.test(value) && !value.endsWith('.')
				? undefined
				: 'expected the name of a resource group',
		),
		'The resource group that it is in.',
		{ defaultText: 'the variable `AZURE_RESOURCE_GROUP` or `AZURE_DEFAULTS_GROUP`', example: 'production' },
	),
	port: required(integer(1, 65_535), 'The port that the instances listen on.', { example: 8080 }),
	address: key(choice('private', 'public'), 'Which of their addresses is connected to.', {
		default: 'private',
		example: 'public',
	}),
	endpoint: key(
		text('a URL', complainOfEndpoint, 'URL'),
		'Azure Resource Manager; another one for the clouds of governments and of China.',
		{ default: AZURE_ENDPOINT, example: 'https://management.usgovcloudapi.net' },
	),
	sizes: key(
		list(
			object({
				name: required(
					text('the name of a VM size', (value) => (NAME.test(value) ? undefined : 'expected the name of a VM size')),
					'As Azure names it.',
					{ example: 'Standard_D2s_v5' },
				),
				cpu: required(
					z.number({ error: 'expected a number of CPUs' }).positive({ error: 'expected a number of CPUs above 0' }),
					'Its virtual CPUs.',
					{ example: 2 },
				),
				memory: required(size(1024 * 1024, 64 * 1024 ** 4), 'Its memory.', { example: '8GiB' }),
			}),
			'VM sizes',
		),
		'The VM sizes that a change of size may choose from: the smallest that has what is asked for. Without it the size is never changed.',
		{ example: [{ name: 'Standard_D2s_v5', cpu: 2, memory: '8GiB' }] },
	),
});

export type AzureInput = z.input<typeof azureForm>;
