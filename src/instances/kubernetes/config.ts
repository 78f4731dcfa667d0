/** Instances that are the pods of a Deployment or StatefulSet of Kubernetes. */
import type { z } from 'zod';
import { bool, integer, key, list, notEmpty, object, oneOf, required, text } from '../../core/schema.ts';

export interface KubernetesConfig {
	kind: 'kubernetes';
	workload: { kind: 'deployment' | 'statefulset'; name: string };
	/** null: that of the context, or of the pod that Ballast runs in. */
	namespace: string | null;
	/** Whose EndpointSlices say where pods are and whether they are ready; null: pods say so themselves. */
	service: string | null;
	/** That the instances listen on: its number, or its name in the pods, or in the Service. */
	port: number | string;
	/** Absolute paths; null: the account of the pod that Ballast runs in, else `~/.kube/config`. */
	kubeconfig: string[] | null;
	/** Of the kubeconfig; null: its current one. */
	context: string | null;
	/** false: whoever answers is taken for the API server. */
	verify: boolean;
}

const name = (of: string) =>
	text(`the name of ${of}`, (value) =>
		/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(value) ? undefined : `expected the name of ${of}`,
	);

const portName = text('a port from 1 to 65535, or its name in the pods', (value) =>
	/^(?=.*[a-z])(?!.*--)[a-z0-9](?:[-a-z0-9]{0,13}[a-z0-9])?$/.test(value)
		? undefined
		: 'expected a port from 1 to 65535, or its name in the pods',
);

const path = text('a path', notEmpty('a path'), 'path');

export const kubernetesForm = object({
	kubernetes: required(
		object({
			deployment: key(name('a Deployment'), 'A Deployment.', { example: 'api' }),
			statefulset: key(name('a StatefulSet'), 'Or a StatefulSet.', { example: 'api' }),
		}),
		'The workload whose pods are the instances; Ballast sets its replicas and says which pods go.',
		{ example: { deployment: 'api' } },
	),
	namespace: key(name('a namespace'), 'The namespace that it is in.', {
		defaultText: 'that of the context, or of the pod that Ballast runs in',
		example: 'production',
	}),
	port: required(
		oneOf([integer(1, 65_535), portName], 'a port from 1 to 65535, or its name in the pods'),
		'The port that the instances listen on: its number, or the name of a container port; with `service`, the name of a port of the Service.',
		{ example: 'http' },
	),
	service: key(
		name('a Service'),
		'A Service whose EndpointSlices say at which address and port pods are reached, which are ready and which end.',
		{ defaultText: 'the pods say so themselves', example: 'api' },
	),
	context: key(text('the name of a context', notEmpty('the name of a context')), 'The context of the kubeconfig.', {
		defaultText: 'the current one',
		example: 'production',
	}),
	kubeconfig: key(
		oneOf([path, list(path, 'paths')], 'a path or a list of paths'),
		'File that says how the cluster is reached; of several, the first that says something holds.',
		{
			defaultText: 'the variable `KUBECONFIG`, else the account of the pod that Ballast runs in, else `~/.kube/config`',
			example: './kubeconfig',
		},
	),
	verify: key(
		bool(),
		"Whether the API server's certificate is checked. A kubeconfig with `insecure-skip-tls-verify` is taken with false only.",
		{ default: true, example: false },
	),
});

export type KubernetesInput = z.input<typeof kubernetesForm>;
