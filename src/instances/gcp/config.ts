/** Instances that a managed instance group of Google Cloud has. */
import type { z } from 'zod';
import { choice, integer, key, list, object, required, text } from '../../core/schema.ts';
import { complainOfEndpoint } from '../platform/rest-client.ts';
import { GCP_ENDPOINT } from './endpoint.ts';

export interface GcpConfig {
	kind: 'gcp';
	group: string;
	project: string;
	place: { kind: 'zone' | 'region'; name: string };
	/** That the instances listen on. */
	port: number;
	address: 'internal' | 'external';
	/** Of Compute Engine; Cloud Monitoring is asked there, too, when it is not Google's own. */
	endpoint: string;
	/** What a new size may choose from; empty: sizes cannot be applied. */
	machineTypes: string[];
}

const MACHINE_TYPE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;
const NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export const gcpForm = object({
	gcp: required(
		text('the name of a managed instance group', (value) =>
			NAME.test(value) ? undefined : 'expected the name of a managed instance group',
		),
		'The managed instance group whose VMs are the instances; Ballast sets its size and deletes the VMs that it has drained.',
		{ example: 'videos' },
	),
	project: key(
		text('the id of a project', (value) =>
			/^(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(value) ? undefined : 'expected the id of a project',
		),
		'The project that it is in.',
		{
			defaultText: 'the variable `GOOGLE_CLOUD_PROJECT`, `GCLOUD_PROJECT` or `CLOUDSDK_CORE_PROJECT`',
			example: 'my-project',
		},
	),
	zone: key(
		text('a zone such as europe-west3-a', (value) =>
			/^[a-z]+-[a-z]+\d+-[a-z]$/.test(value) ? undefined : 'expected a zone such as europe-west3-a',
		),
		'The zone of a zonal group.',
		{ defaultText: 'the variable `CLOUDSDK_COMPUTE_ZONE`, when no region is given', example: 'europe-west3-a' },
	),
	region: key(
		text('a region such as europe-west3', (value) =>
			/^[a-z]+-[a-z]+\d+$/.test(value) ? undefined : 'expected a region such as europe-west3',
		),
		'The region of a regional group.',
		{ defaultText: 'the variable `CLOUDSDK_COMPUTE_REGION`, when there is no zone', example: 'europe-west3' },
	),
	port: required(integer(1, 65_535), 'The port that the instances listen on.', { example: 8080 }),
	address: key(choice('internal', 'external'), 'Which of their addresses is connected to.', {
		default: 'internal',
		example: 'external',
	}),
	endpoint: key(text('a URL', complainOfEndpoint, 'URL'), 'Compute Engine; another one for Private Service Connect.', {
		default: GCP_ENDPOINT,
		example: 'https://compute-internal.p.googleapis.com',
	}),
	machineTypes: key(
		list(
			text('a machine type such as n2-standard-4', (value) =>
				MACHINE_TYPE.test(value) && value.length <= 63 ? undefined : 'expected a machine type such as n2-standard-4',
			),
			'machine types',
		),
		'Machine types that a new size may choose from, custom ones included; the smallest that fits is taken.',
		{ defaultText: 'none: sizes are not applied', example: ['n2-standard-2', 'n2-custom-4-8192'] },
	),
});

export type GcpInput = z.input<typeof gcpForm>;
