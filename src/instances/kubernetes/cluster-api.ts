/** The requests that are made of a cluster, and nothing beside them: what the Role in the documentation allows. */
import { numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { ApiCall, ApiClient } from './api-client.ts';
import { apiFault } from './api-fault.ts';
import type { KubernetesConfig } from './config.ts';
import { SERVICE_LABEL } from './endpoints.ts';

export interface Scale {
	readonly replicas: number;
	readonly version: string;
}

/** A pod with a lower one is ended first. Its own lowest value: no pod is to go before those that are drained. */
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const LOWEST_COST = '-2147483648';

export class ClusterApi {
	readonly client: ApiClient;
	readonly namespace: string;
	readonly #name: string;
	readonly #resource: string;

	constructor(client: ApiClient, { workload, namespace }: KubernetesConfig) {
		this.client = client;
		this.namespace = namespace ?? client.access.namespace;
		this.#name = workload.name;
		this.#resource = `${workload.kind}s`;
	}

	workload(signal: AbortSignal): Promise<unknown> {
		return this.client.call({ verb: 'get', resource: this.#resource, path: this.#workload }, signal);
	}

	/** Those of the workload alone. */
	workloads(): ApiCall {
		const query = { fieldSelector: `metadata.name=${this.#name}` };
		return { verb: 'list', resource: this.#resource, path: this.#path('/apis/apps/v1', this.#resource), query };
	}

	pods(labelSelector: string): ApiCall {
		return { verb: 'list', resource: 'pods', path: this.#path('/api/v1', 'pods'), query: { labelSelector } };
	}

	/** EndpointSlices of a Service. */
	slices(service: string): ApiCall {
		const path = this.#path('/apis/discovery.k8s.io/v1', 'endpointslices');
		return { verb: 'list', resource: 'endpointslices', path, query: { labelSelector: `${SERVICE_LABEL}=${service}` } };
	}

	async scale(signal: AbortSignal): Promise<Scale> {
		const call = { verb: 'get', resource: `${this.#resource}/scale`, path: `${this.#workload}/scale` } as const;
		const found = await this.client.call(call, signal);
		const version = textAt(found, 'metadata', 'resourceVersion');
		// What is zero is left out.
		return { replicas: numberAt(found, 'spec', 'replicas') ?? 0, version };
	}

	/** @param version of the scale that this is for; a later one is refused as `busy` */
	async setScale(replicas: number, signal: AbortSignal, version?: string): Promise<void> {
		const metadata = version === undefined ? {} : { metadata: { resourceVersion: version } };
		await this.#patch(
			`${this.#resource}/scale`,
			`${this.#workload}/scale`,
			{ ...metadata, spec: { replicas } },
			signal,
		);
	}

	/**
	 * @param cost null: it has none any more
	 * @throws PlatformError `busy`: it has gone since it was listed
	 */
	async setCost(pod: string, cost: string | null, signal: AbortSignal): Promise<void> {
		const body = { metadata: { annotations: { [DELETION_COST]: cost } } };
		try {
			await this.#patch('pods', `${this.#path('/api/v1', 'pods')}/${encodeURIComponent(pod)}`, body, signal);
		} catch (error) {
			if (!(error instanceof PlatformError) || error.fault !== 'not_found') throw error;
			throw new PlatformError('busy', `${pod} has gone meanwhile`);
		}
	}

	async #patch(resource: string, path: string, body: object, signal: AbortSignal): Promise<void> {
		await this.client.call({ verb: 'patch', resource, path, body }, signal);
	}

	/** @returns false: pods of this cluster, or this one, cannot be resized where they are */
	async resizePod(pod: string, containers: readonly object[], signal: AbortSignal): Promise<boolean> {
		const path = `${this.#path('/api/v1', 'pods')}/${encodeURIComponent(pod)}/resize`;
		const body = { spec: { containers } };
		const call = { verb: 'patch', resource: 'pods/resize', path, body, patch: 'strategic-merge' } as const;
		const answer = await this.client.answer(call, signal);
		if (answer.status >= 200 && answer.status <= 299) return true;
		// An API server without the subresource finds no such path; one that knows it names the pod.
		const gone = answer.status === 404 && textAt(answer.body, 'details', 'kind') === 'pods';
		if (gone) return true;
		if ([404, 405, 422].includes(answer.status)) return false;
		throw apiFault(answer, 'patch pods/resize');
	}

	/** Of the template: pods are replaced by those of another size. */
	async resizeTemplate(containers: readonly object[], signal: AbortSignal): Promise<void> {
		const body = { spec: { template: { spec: { containers } } } };
		const call = { verb: 'patch', resource: this.#resource, path: this.#workload, body } as const;
		await this.client.call({ ...call, patch: 'strategic-merge' }, signal);
	}

	async podMetrics(labelSelector: string, signal: AbortSignal): Promise<readonly unknown[]> {
		const path = this.#path('/apis/metrics.k8s.io/v1beta1', 'pods');
		const call = { verb: 'list', resource: 'pods.metrics.k8s.io', path, query: { labelSelector } } as const;
		const items = await this.#listed(call, signal);
		if (items === null)
			throw new PlatformError('not_found', 'the cluster has no metrics.k8s.io; install metrics-server');
		return items;
	}

	async horizontalAutoscalers(signal: AbortSignal): Promise<readonly unknown[]> {
		const resource = 'horizontalpodautoscalers';
		const call = { verb: 'list', resource, path: this.#path('/apis/autoscaling/v2', resource) } as const;
		return (await this.client.list(call, signal)).items;
	}

	/** Of KEDA: while it scales, there is an autoscaler of Kubernetes, too. */
	scaledObjects(signal: AbortSignal): Promise<readonly unknown[]> {
		return this.#ofAddOn('scaledobjects', ['keda.sh', 'v1alpha1'], signal);
	}

	verticalAutoscalers(signal: AbortSignal): Promise<readonly unknown[]> {
		return this.#ofAddOn('verticalpodautoscalers', ['autoscaling.k8s.io', 'v1'], signal);
	}

	/** Empty where it is not installed, or not allowed. */
	async #ofAddOn(
		plural: string,
		[group, version]: readonly [string, string],
		signal: AbortSignal,
	): Promise<readonly unknown[]> {
		const path = this.#path(`/apis/${group}/${version}`, plural);
		try {
			return (await this.#listed({ verb: 'list', resource: `${plural}.${group}`, path }, signal)) ?? [];
		} catch (error) {
			if (error instanceof PlatformError && error.fault === 'denied') return [];
			throw error;
		}
	}

	/** Events of the workload that tell of pods that could not be made. */
	async creationFailures(signal: AbortSignal): Promise<readonly unknown[]> {
		const fieldSelector = `involvedObject.name=${this.#name},reason=FailedCreate`;
		const call = { verb: 'list', resource: 'events', path: this.#path('/api/v1', 'events') } as const;
		const { items } = await this.client.list({ ...call, query: { fieldSelector } }, signal);
		return items.filter((one) => textAt(valueAt(one, 'involvedObject'), 'name') === this.#name);
	}

	/** null: the cluster does not have this API. */
	async #listed(call: ApiCall, signal: AbortSignal): Promise<readonly unknown[] | null> {
		try {
			return (await this.client.list(call, signal)).items;
		} catch (error) {
			if (error instanceof PlatformError && error.fault === 'not_found') return null;
			throw error;
		}
	}

	get #workload(): string {
		return `${this.#path('/apis/apps/v1', this.#resource)}/${encodeURIComponent(this.#name)}`;
	}

	#path(group: string, resource: string): string {
		return `${group}/namespaces/${encodeURIComponent(this.namespace)}/${resource}`;
	}
}
