/**
 * A Deployment or a StatefulSet. Its replicas are the size; pods that are to go are told to Kubernetes by their
 * deletion cost before the size is lowered. A StatefulSet ends its highest ordinals, so those are chosen there.
 */
import { textAt, valueAt } from '../platform/json-reading.ts';
import type {
	ChecksPermissions,
	KnowsUsage,
	MemberSize,
	OrdersLeaving,
	Platform,
	PlatformGroup,
	PlatformMember,
	PlatformUsage,
	SizeApplied,
	Sizes,
	WatchesGroup,
} from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { AccessPlace } from './access.ts';
import { ApiClient } from './api-client.ts';
import { autoscalerOf, sizerOf } from './autoscaler.ts';
import { ClusterApi, DELETION_COST, LOWEST_COST } from './cluster-api.ts';
import type { KubernetesConfig } from './config.ts';
import { Endpoints } from './endpoints.ts';
import { failureOf } from './failure.ts';
import { leavingOrder, whyOthers } from './leaving-order.ts';
import { MemoryEndCount } from './memory-end-count.ts';
import { HERE, openAccess } from './open-access.ts';
import { missingOf, permissionsFor } from './permissions.ts';
import { cannotResize, isLive, isOf, memberAt, memberOf, membersOf, nameOf } from './pod-member.ts';
import { containersOfSize, restartsForSize } from './pod-size.ts';
import { podUsage } from './pod-usage.ts';
import { replicasOf, rolloutOf, selectorOf } from './workload.ts';
import { WorkloadWatch } from './workload-watch.ts';

const LAG_MS = 3000;
const AUTOSCALER_EVERY_MS = 30_000;
/** Tries of a change that another writer of the same object came before. */
const CONFLICTS = 4;

export interface KubernetesNeeds {
	/** Where the account of a pod and the home folder are looked for. */
	readonly place?: AccessPlace;
	/** How late what is read may be, ms; default 3 s. */
	readonly lagMs?: number;
	/** How long what was found about autoscalers holds, ms; default 30 s. */
	readonly autoscalerEveryMs?: number;
}

export class KubernetesPlatform implements Platform, WatchesGroup, OrdersLeaving, KnowsUsage, Sizes, ChecksPermissions {
	readonly kind = 'kubernetes';
	readonly target: string;
	readonly identity: string;
	readonly lagMs: number;
	/** Figures of metrics-server come every 15 to 60 s. */
	readonly usageLagMs = 60_000;
	readonly leavesInOrder: boolean;
	readonly #config: KubernetesConfig;
	readonly #needs: KubernetesNeeds;
	#api: Promise<ClusterApi> | null = null;
	#client: ApiClient | null = null;
	#watch: WorkloadWatch | null = null;
	/** As last seen. */
	#pods: readonly unknown[] = [];
	#selector = '';
	#autoscaler: { name: string | null; until: number } = { name: null, until: 0 };
	/** To be kept. `live`: of pods where they are, since those that are made later do not have it; else of the template. */
	#size: { readonly size: MemberSize; readonly live: boolean } | null = null;
	readonly #memoryEnds: MemoryEndCount;
	#closed = false;

	constructor(config: KubernetesConfig, needs: KubernetesNeeds = {}) {
		this.#config = config;
		this.#needs = needs;
		const { kind, name } = config.workload;
		this.target = `${kind} ${config.namespace === null ? '' : `${config.namespace}/`}${name}`;
		const { workload, namespace, kubeconfig, context } = config;
		this.identity = JSON.stringify([workload, namespace, kubeconfig, context]);
		this.lagMs = needs.lagMs ?? LAG_MS;
		this.leavesInOrder = config.workload.kind === 'statefulset';
		this.#memoryEnds = new MemoryEndCount(config.port);
	}

	async group(signal: AbortSignal): Promise<PlatformGroup> {
		try {
			return await this.#look(await this.#opened(), signal);
		} catch (error) {
			// What stands in the kubeconfig itself may be another by now.
			if (error instanceof PlatformError && error.fault === 'credentials') this.#reopen();
			throw error;
		}
	}

	async #look(api: ClusterApi, signal: AbortSignal): Promise<PlatformGroup> {
		const workload = await api.workload(signal);
		this.#selector = selectorOf(workload);
		const watched = this.#watch?.seen(api, this.#selector) ?? null;
		this.#pods = this.#own(watched?.pods ?? (await api.client.list(api.pods(this.#selector), signal)).items);
		const members = await this.#members(api, watched?.slices ?? null, signal);
		const desired = replicasOf(workload);
		return {
			desired,
			min: null,
			max: null,
			autoscaler: await this.#autoscalerOf(api, signal),
			busy: rolloutOf(workload),
			failure: await failureOf({ api, workload, pods: this.#pods, stateful: this.leavesInOrder }, signal),
			members: this.#memoryEnds.count(this.#pods, members),
		};
	}

	/** @param watched slices of the Service; null: they are listed */
	async #members(api: ClusterApi, watched: readonly unknown[] | null, signal: AbortSignal): Promise<PlatformMember[]> {
		const { service, port } = this.#config;
		if (service === null) return membersOf(this.#pods, (pod) => memberOf(pod, port));
		const slices = watched ?? (await api.client.list(api.slices(service), signal)).items;
		const endpoints = new Endpoints(slices, { service, port });
		return membersOf(this.#pods, (pod) => endpoints.told(memberAt(pod, endpoints.placeOf(pod)), pod));
	}

	watchGroup(changed: () => void, signal: AbortSignal): void {
		this.#watch = new WorkloadWatch(this.#config.service, changed, signal);
	}

	leavingOrder(ids: readonly string[]): readonly string[] {
		return leavingOrder(ids, this.#pods, this.leavesInOrder);
	}

	async setDesired(count: number, signal: AbortSignal): Promise<void> {
		await (await this.#opened()).setScale(count, signal);
	}

	async remove(ids: readonly string[], signal: AbortSignal): Promise<void> {
		const api = await this.#opened();
		const workload = await api.workload(signal);
		const listed = await api.client.list(api.pods(selectorOf(workload)), signal);
		const live = this.#own(listed.items).filter(isLive);
		const chosen = new Set(live.map(nameOf).filter((name) => ids.includes(name)));
		if (chosen.size === 0) return;
		const replicas = replicasOf(workload);
		if (live.length !== replicas)
			throw new PlatformError('busy', `${this.target} has ${live.length} of ${replicas} pods: which go cannot be told`);
		const why = whyOthers(live, chosen, this.leavesInOrder);
		if (why !== null) throw new PlatformError('busy', why);
		if (!this.leavesInOrder) await this.#mark(api, { live, chosen }, signal);
		await this.#lower(api, { from: replicas, by: chosen.size }, signal);
	}

	async usage(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PlatformUsage>> {
		if (ids.length === 0 || this.#selector === '') return new Map();
		const metrics = await (await this.#opened()).podMetrics(this.#selector, signal);
		return new Map([...podUsage(metrics, this.#pods, this.#config.port)].filter(([id]) => ids.includes(id)));
	}

	async applySize(size: MemberSize, signal: AbortSignal): Promise<SizeApplied> {
		const api = await this.#opened();
		const sizer = await sizerOf(api, this.#config.workload, signal);
		if (sizer !== null) {
			this.#size = null;
			throw new PlatformError('bad_request', `${sizer} sets it too; remove it, or set its updateMode to Off`);
		}
		const workload = await api.workload(signal);
		const listed = await api.client.list(api.pods(selectorOf(workload)), signal);
		const live = this.#own(listed.items).filter(isLive);
		this.#size = null;
		if (live.length > 0) {
			const resized = await this.#resizePods(api, { pods: live, size }, signal);
			if (resized !== null) {
				this.#size = { size, live: true };
				return resized > 0 ? 'live' : 'same';
			}
		}
		const changed = await this.#resizeTemplate(api, { workload, size }, signal);
		this.#size = { size, live: false };
		return changed ? 'rolling' : 'same';
	}

	/** Pods that came since have the size of the template, and the template is that of who changed it last. */
	async keepUp({ busy }: PlatformGroup, signal: AbortSignal): Promise<void> {
		if (this.#size === null) return;
		const { size, live } = this.#size;
		const wanted = { size, port: this.#config.port };
		const pods = this.#pods.filter((pod) => isLive(pod) && textAt(pod, 'spec', 'nodeName') !== '');
		const other = pods.filter((pod) => containersOfSize(pod, wanted).length > 0);
		const stuck = live && pods.some(cannotResize);
		if ((other.length === 0 && !stuck) || (!live && busy !== null)) return;
		const api = await this.#opened();
		if (live && !stuck && (await this.#resizePods(api, { pods: other, size }, signal)) !== null) return;
		// The node of one has no room for it: another pod may find one that has.
		await this.#resizeTemplate(api, { workload: await api.workload(signal), size }, signal);
		this.#size = { size, live: false };
	}

	drained(_id: string): void {}

	/** @returns how many were changed; null: one of them cannot be resized where it is */
	async #resizePods(
		api: ClusterApi,
		{ pods, size }: { pods: readonly unknown[]; size: MemberSize },
		signal: AbortSignal,
	): Promise<number | null> {
		const wanted = { size, port: this.#config.port };
		if (pods.some((pod) => restartsForSize(pod, wanted))) return null;
		let changed = 0;
		for (const pod of pods) {
			const containers = containersOfSize(pod, wanted);
			if (containers.length === 0) continue;
			if (!(await api.resizePod(nameOf(pod), containers, signal))) return null;
			changed++;
		}
		return changed;
	}

	/** @returns false: it has the size */
	async #resizeTemplate(
		api: ClusterApi,
		{ workload, size }: { workload: unknown; size: MemberSize },
		signal: AbortSignal,
	): Promise<boolean> {
		const template = { spec: valueAt(workload, 'spec', 'template', 'spec') };
		const containers = containersOfSize(template, { size, port: this.#config.port });
		if (containers.length > 0) await api.resizeTemplate(containers, signal);
		return containers.length > 0;
	}

	/** By asking the cluster, which changes nothing. */
	async missingPermissions(signal: AbortSignal): Promise<readonly string[]> {
		return missingOf(await this.#opened(), permissionsFor(this.#config), signal);
	}

	close(): void {
		this.#closed = true;
		this.#client?.close();
	}

	#own(pods: readonly unknown[]): readonly unknown[] {
		return pods.filter((pod) => isOf(this.#config.workload, pod));
	}

	#reopen(): void {
		this.#client?.close();
		this.#api = null;
	}

	/** Tried anew at the next call when it fails: files may be there by then. */
	#opened(): Promise<ClusterApi> {
		this.#api ??= this.#open().catch((error: unknown) => {
			this.#api = null;
			throw error;
		});
		return this.#api;
	}

	async #open(): Promise<ClusterApi> {
		const access = await openAccess(this.#config, this.#needs.place ?? HERE);
		this.#client = new ApiClient(access);
		if (this.#closed) this.#client.close();
		return new ClusterApi(this.#client, this.#config);
	}

	/** The chosen ones go first; who was chosen earlier and stays goes as any other. */
	async #mark(
		api: ClusterApi,
		{ live, chosen }: { live: readonly unknown[]; chosen: ReadonlySet<string> },
		signal: AbortSignal,
	): Promise<void> {
		const costOf = (pod: unknown) => textAt(pod, 'metadata', 'annotations', DELETION_COST);
		const marks = live
			.map((pod) => ({ name: nameOf(pod), cost: costOf(pod), wanted: chosen.has(nameOf(pod)) ? LOWEST_COST : null }))
			.filter(({ cost, wanted }) => (wanted === null ? cost === LOWEST_COST : cost !== wanted));
		for (const { name, wanted } of marks) await api.setCost(name, wanted, signal);
	}

	/** Only from the size that was seen: should somebody else set it meanwhile, their size holds. */
	async #lower(api: ClusterApi, { from, by }: { from: number; by: number }, signal: AbortSignal): Promise<void> {
		for (let tries = 0; ; tries++) {
			const { replicas, version } = await api.scale(signal);
			if (replicas !== from) throw new PlatformError('busy', `${this.target} was set to ${replicas} meanwhile`);
			try {
				return await api.setScale(from - by, signal, version);
			} catch (error) {
				// The controller writes to the same object: that is no other size yet.
				const conflict = error instanceof PlatformError && error.fault === 'busy';
				if (!conflict || tries >= CONFLICTS) throw error;
			}
		}
	}

	async #autoscalerOf(api: ClusterApi, signal: AbortSignal): Promise<string | null> {
		if (Date.now() < this.#autoscaler.until) return this.#autoscaler.name;
		const name = await autoscalerOf(api, this.#config.workload, signal);
		this.#autoscaler = { name, until: Date.now() + (this.#needs.autoscalerEveryMs ?? AUTOSCALER_EVERY_MS) };
		return name;
	}
}
