/**
 * What Kubernetes does with one Deployment or StatefulSet: makes and ends pods after some time, in the order of its
 * own controllers, and says what it cannot do. It reads the workload that the store holds and nothing else.
 */
import { KubeSlices } from './kube-slices.ts';
import { type KubeObject, KubeStore } from './kube-store.ts';

export const NAMESPACE = 'shop';
export const NAME = 'api';
const COST = 'controller.kubernetes.io/pod-deletion-cost';

export interface KubeTimes {
	/** From a change of the workload to what the controller does, ms. */
	readonly actMs: number;
	/** From a pod's creation to ready, ms. */
	readonly startMs: number;
	/** From its deletion to gone, ms. */
	readonly endMs: number;
}

export interface KubeControllerParts extends KubeTimes {
	readonly kind: 'deployment' | 'statefulset';
	readonly replicas: number;
	/** That its container `api` listens on; default 8080. */
	readonly port?: number;
	/** What addresses of pods begin with; default `10.1.`. */
	readonly addresses?: string;
	/** A Service of this name selects the pods. */
	readonly service?: string;
	/** Most endpoints of one of its slices; default 100. */
	readonly slice?: number;
}

type Pod = KubeObject & {
	spec: { nodeName?: string; containers: { resources: { requests: Record<string, string> } }[] };
	status: { phase: string; podIP?: string; conditions: { type: string; status: string }[] };
};

const stamp = (atMs = Date.now()): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

export class KubeController {
	readonly store = new KubeStore();
	/** Of the size, by the API: `4`, and `-api-1` for a pod that went. */
	readonly changes: string[] = [];
	/** null: there is no Service. */
	readonly slices: KubeSlices | null = null;
	readonly #parts: KubeControllerParts;
	readonly #timers = new Set<NodeJS.Timeout>();
	#made = 0;
	#stuck = false;
	/** Most pods that a quota allows. */
	#quota = Number.POSITIVE_INFINITY;
	#hash = '7d4f9c';
	/** Replicas were lowered by the API, not by somebody else. */
	#lowered = false;

	constructor(parts: KubeControllerParts) {
		this.#parts = parts;
		this.store.put(this.#plural, this.#workload());
		for (let count = 0; count < parts.replicas; count++) this.#make(true);
		this.#tellStatus();
		const { service, slice = 100 } = parts;
		if (service !== undefined) this.slices = new KubeSlices(this.store, { service, most: slice });
	}

	get kind(): 'Deployment' | 'StatefulSet' {
		return this.#stateful ? 'StatefulSet' : 'Deployment';
	}

	get size(): number {
		return this.#spec.replicas;
	}

	get alive(): string[] {
		return this.#live().map((pod) => pod.metadata.name);
	}

	close(): void {
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
	}

	/** @param outside by somebody else than the one who is watched here */
	setReplicas(replicas: number, outside = false): void {
		if (replicas === this.size) return;
		const grows = replicas > this.size;
		if (!outside) {
			if (grows || this.#live().length <= replicas) this.changes.push(String(replicas));
			this.#lowered = !grows;
		}
		this.#edit((workload) => {
			(workload['spec'] as { replicas: number }).replicas = replicas;
			workload.metadata.generation = (workload.metadata.generation ?? 1) + 1;
		});
		this.#later(this.#parts.actMs, () => this.#reconcile());
	}

	quota(pods: number): void {
		this.#quota = pods;
		this.#reconcile();
	}

	/** Pods find no node. */
	stick(stuck: boolean): void {
		this.#stuck = stuck;
		if (!stuck) for (const pod of this.#live()) if (pod.spec.nodeName === undefined) this.#start(pod.metadata.name);
	}

	kill(name: string): void {
		this.#end(name);
		this.#later(this.#parts.actMs, () => this.#reconcile());
	}

	/** The kubelet ends it, and it stays listed. */
	evict(name: string): void {
		this.store.change('pods', name, (pod) => {
			const { podIP } = (pod as Pod).status;
			pod['status'] = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.', podIP };
		});
		this.#later(this.#parts.actMs, () => this.#reconcile());
	}

	/** The kernel ends its container `api` for want of memory, and the kubelet starts it again. */
	outOfMemory(name: string): void {
		this.store.change('pods', name, (pod) => {
			const status = pod['status'] as { containerStatuses?: { restartCount: number }[] };
			const restartCount = (status.containerStatuses?.[0]?.restartCount ?? 0) + 1;
			const finishedAt = stamp();
			const terminated = {
				exitCode: 137,
				reason: 'OOMKilled',
				finishedAt,
				containerID: `containerd://${restartCount}`,
			};
			const image = { image: 'api:1', imageID: 'api@sha256:1' };
			const state = { running: { startedAt: finishedAt } };
			status.containerStatuses = [
				{ name: 'api', ...image, ready: true, restartCount, state, lastState: { terminated } } as {
					restartCount: number;
				},
			];
		});
	}

	/** Its node has no room for the size that it was given. */
	infeasible(name: string): void {
		this.store.change('pods', name, (pod) => {
			const message = "Node didn't have enough capacity: cpu, requested: 9000, capacity: 4000";
			const condition = { type: 'PodResizePending', status: 'True', reason: 'Infeasible', message };
			(pod as Pod).status.conditions.push(condition);
		});
	}

	unready(name: string): void {
		this.store.change('pods', name, (pod) => {
			const ready = (pod as Pod).status.conditions.find(({ type }) => type === 'Ready');
			if (ready !== undefined) ready.status = 'False';
		});
	}

	/** The template is another one: pods are replaced, one at a time. */
	rollOut(): void {
		this.#hash = `${this.#hash}x`;
		this.#later(this.#parts.actMs, () => this.#reconcile());
	}

	get #stateful(): boolean {
		return this.#parts.kind === 'statefulset';
	}

	get #plural(): string {
		return `${this.#parts.kind}s`;
	}

	get #spec(): { replicas: number; template: { spec: Pod['spec'] } } {
		return this.store.now(this.#plural, NAME)?.['spec'] as never;
	}

	#edit(edit: (workload: KubeObject) => void): void {
		this.store.change(this.#plural, NAME, edit);
	}

	#later(ms: number, work: () => void): void {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			work();
		}, ms);
		this.#timers.add(timer);
	}

	#live(): Pod[] {
		const all = this.store.allNow('pods') as Pod[];
		return all.filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status.phase !== 'Failed');
	}

	#reconcile(): void {
		const wanted = this.size;
		const live = this.#live();
		for (let count = live.length; count < Math.min(wanted, this.#quota); count++) this.#make(false);
		const going = this.#order(live).slice(0, Math.max(0, live.length - wanted));
		for (const pod of going) {
			if (this.#lowered) this.changes.push(`-${pod.metadata.name}`);
			this.#end(pod.metadata.name);
		}
		if (going.length > 0) this.#lowered = false;
		this.#replaceOld(live.length);
		this.#tellFailure(this.#live().length < wanted);
		this.#tellStatus();
	}

	#replaceOld(live: number): void {
		if (this.#stateful || live !== this.size) return;
		const old = this.#live().find(
			(pod) => (pod.metadata['labels'] as Record<string, string>)['pod-template-hash'] !== this.#hash,
		);
		if (old === undefined) return;
		const name = this.#make(false);
		this.#later(this.#parts.startMs * 2, () => {
			this.#end(old.metadata.name);
			if (this.store.now('pods', name) !== null) this.#reconcile();
		});
	}

	/** Who goes first. */
	#order(pods: readonly Pod[]): Pod[] {
		const ordinal = (pod: Pod) => Number(pod.metadata.name.split('-').at(-1));
		if (this.#stateful) return [...pods].sort((one, other) => ordinal(other) - ordinal(one));
		const isReady = (pod: Pod) =>
			pod.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
		const cost = (pod: Pod) => Number((pod.metadata['annotations'] as Record<string, string> | undefined)?.[COST] ?? 0);
		const keys = (pod: Pod) => [pod.spec.nodeName === undefined ? 0 : 1, isReady(pod) ? 1 : 0, cost(pod)];
		return [...pods].sort((one, other) => {
			const [a, b] = [keys(one), keys(other)];
			const at = a.findIndex((key, index) => key !== b[index]);
			// Among equals Kubernetes takes a young one, we the oldest: what is not asked for is not to be relied on.
			return at === -1 ? 0 : (a[at] as number) - (b[at] as number);
		});
	}

	#make(atOnce: boolean): string {
		const taken = new Set((this.store.allNow('pods') as Pod[]).map((pod) => pod.metadata.name));
		let name = `${NAME}-${this.#hash}-${(1000 + this.#made++).toString(36)}`;
		for (let ordinal = 0; this.#stateful && ordinal <= taken.size; ordinal++) {
			name = `${NAME}-${ordinal}`;
			if (!taken.has(name)) break;
		}
		this.store.put('pods', this.#pod(name, atOnce));
		if (atOnce) this.#start(name);
		else if (!this.#stuck) this.#later(this.#parts.startMs, () => this.#start(name));
		return name;
	}

	#pod(name: string, atOnce: boolean): KubeObject {
		const owner = this.#stateful ? NAME : `${NAME}-${this.#hash}`;
		const kind = this.#stateful ? 'StatefulSet' : 'ReplicaSet';
		const message = '0/3 nodes are available: 3 Insufficient cpu.';
		return {
			metadata: {
				name,
				namespace: NAMESPACE,
				uid: `uid-${name}-${this.#made}`,
				creationTimestamp: stamp(atOnce ? Date.now() - 60_000 : Date.now()),
				labels: { app: NAME, ...(this.#stateful ? {} : { 'pod-template-hash': this.#hash }) },
				ownerReferences: [
					{ apiVersion: 'apps/v1', kind, name: owner, uid: `uid-${owner}`, controller: true, blockOwnerDeletion: true },
				],
			},
			spec: structuredClone(this.#spec.template.spec),
			status: {
				phase: 'Pending',
				conditions: [
					{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: stamp() },
				],
			},
		};
	}

	#start(name: string): void {
		const address = 10 + ++this.#made;
		this.store.change('pods', name, (pod) => {
			(pod as Pod).spec.nodeName = 'node-1';
			pod['status'] = {
				phase: 'Running',
				podIP: `${this.#parts.addresses ?? '10.1.'}${address >> 8}.${address & 255}`,
				startTime: pod.metadata['creationTimestamp'],
				conditions: [
					{ type: 'PodScheduled', status: 'True', lastTransitionTime: stamp() },
					{ type: 'Ready', status: 'True', lastTransitionTime: stamp() },
				],
			};
		});
		this.#tellStatus();
	}

	#end(name: string): void {
		this.store.change('pods', name, (pod) => {
			pod.metadata.deletionTimestamp = stamp(Date.now() + 30_000);
			pod.metadata['deletionGracePeriodSeconds'] = 30;
		});
		this.#later(this.#parts.endMs, () => {
			this.store.drop('pods', name);
			this.#reconcile();
		});
	}

	#tellFailure(short: boolean): void {
		const over = short && this.#live().length >= this.#quota;
		const message = `pods "${NAME}-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=${this.#quota}, limited: pods=${this.#quota}`;
		if (this.#stateful) {
			if (over)
				this.store.put('events', {
					metadata: { name: `${NAME}.1`, namespace: NAMESPACE },
					involvedObject: { kind: 'StatefulSet', name: NAME, namespace: NAMESPACE },
					reason: 'FailedCreate',
					message: `create Pod ${NAME}-4 in StatefulSet ${NAME} failed error: ${message}`,
					type: 'Warning',
					lastTimestamp: stamp(),
				});
			return;
		}
		this.#edit((workload) => {
			const status = workload['status'] as { conditions?: unknown[] };
			const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message };
			status.conditions = over ? [condition] : [];
		});
	}

	#tellStatus(): void {
		const live = this.#live();
		const isNew = (pod: Pod) =>
			this.#stateful || (pod.metadata['labels'] as Record<string, string>)['pod-template-hash'] === this.#hash;
		this.#edit((workload) => {
			Object.assign(workload['status'] as object, {
				observedGeneration: workload.metadata.generation,
				replicas: live.length,
				updatedReplicas: live.filter(isNew).length,
				readyReplicas: live.filter((pod) => pod.status.phase === 'Running').length,
			});
		});
	}

	#workload(): KubeObject {
		const container = {
			name: 'api',
			image: 'api:1',
			ports: [{ name: 'http', containerPort: this.#parts.port ?? 8080, protocol: 'TCP' }],
			resources: { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '256Mi' } },
		};
		const sidecar = { name: 'mesh', image: 'mesh:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } };
		return {
			metadata: { name: NAME, namespace: NAMESPACE, uid: `uid-${NAME}`, generation: 1, creationTimestamp: stamp() },
			spec: {
				replicas: this.#parts.replicas,
				selector: { matchLabels: { app: NAME } },
				template: { metadata: { labels: { app: NAME } }, spec: { containers: [sidecar, container] } },
				...(this.#stateful ? { serviceName: NAME } : {}),
			},
			status: { replicas: 0 },
		};
	}
}
