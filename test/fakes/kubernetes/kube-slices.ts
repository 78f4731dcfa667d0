/** What the EndpointSlice controller of Kubernetes makes of the pods of a Service, at once whenever a pod changes. */
import type { KubeObject, KubeStore } from './kube-store.ts';

export interface KubeSlicesParts {
	readonly service: string;
	/** Most endpoints of one slice. */
	readonly most: number;
}

interface SlicedPod {
	readonly metadata: { name: string; uid?: string; namespace?: string; deletionTimestamp?: string };
	readonly spec: { nodeName?: string };
	readonly status: { phase: string; podIP?: string; conditions?: { type: string; status: string }[] };
}

export class KubeSlices {
	readonly #store: KubeStore;
	readonly #parts: KubeSlicesParts;
	/** Names of pods that the Service does not select, and whether it is there. */
	readonly #left = new Set<string>();
	/** As the Service says `publishNotReadyAddresses`. */
	publishUnready = false;

	constructor(store: KubeStore, parts: KubeSlicesParts) {
		this.#store = store;
		this.#parts = parts;
		store.listen(({ kind }) => {
			if (kind === 'pods') this.#write();
		});
		this.#write();
	}

	/** The pod bears its labels no more. */
	leaveOut(pod: string): void {
		this.#left.add(pod);
		this.#write();
	}

	#write(): void {
		const { service, most } = this.#parts;
		const pods = (this.#store.allNow('pods') as unknown as SlicedPod[]).filter(
			({ metadata, status }) =>
				status.podIP !== undefined && status.phase === 'Running' && !this.#left.has(metadata.name),
		);
		const count = Math.max(1, Math.ceil(pods.length / most));
		for (let at = 0; at < count; at++) {
			const name = `${service}-${(46_656 + at).toString(36)}`;
			const slice = this.#slice(name, pods.slice(at * most, (at + 1) * most));
			if (this.#store.now('endpointslices', name) === null) this.#store.put('endpointslices', slice);
			else
				this.#store.change('endpointslices', name, (object) =>
					Object.assign(object, { endpoints: slice['endpoints'] }),
				);
		}
		const kept = new Set(Array.from({ length: count }, (_, at) => `${service}-${(46_656 + at).toString(36)}`));
		for (const { metadata } of this.#store.allNow('endpointslices'))
			if (!kept.has(metadata.name)) this.#store.drop('endpointslices', metadata.name);
	}

	#slice(name: string, pods: readonly SlicedPod[]): KubeObject {
		const labels = {
			'kubernetes.io/service-name': this.#parts.service,
			'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
		};
		return {
			metadata: { name, namespace: 'shop', labels, generateName: `${this.#parts.service}-` },
			addressType: 'IPv4',
			// The Service maps its port 80, named `web`, to the container port of the name `http`.
			ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
			endpoints: pods.map((pod) => this.#endpoint(pod)),
		};
	}

	#endpoint({ metadata, spec, status }: SlicedPod): object {
		const serving = (status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');
		const terminating = metadata.deletionTimestamp !== undefined;
		const { name, uid, namespace } = metadata;
		return {
			addresses: [status.podIP],
			conditions: { ready: this.publishUnready || (serving && !terminating), serving, terminating },
			nodeName: spec.nodeName,
			targetRef: { kind: 'Pod', name, namespace, uid },
		};
	}
}
