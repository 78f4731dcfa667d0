/** Compute Engine and Cloud Monitoring, as far as a managed instance group needs them; held to Google's own messages. */
import { ModelCheck } from '../cloud-models/check-model.ts';
import { type Answer, type Call, CloudServer, type Route } from '../cloud-server.ts';
import { type Operation, type SeenVm, VmGroup, type VmTimes } from '../vm-group.ts';
import { gcpErrors } from './gcp-errors.ts';
import { Templates } from './templates.ts';

export const PROJECT = 'my-project';
export const GROUP = 'videos';

export interface FakeGcpParts extends VmTimes {
	readonly size: number;
	/** A regional group; default a zonal one. */
	readonly regional?: boolean;
	/** Where the VMs are; default an address for each. */
	readonly host?: string;
}

const models = new ModelCheck(new URL('fixtures/model.json', import.meta.url));
const REGION = 'europe-west3';
const ZONES = ['a', 'b', 'c'].map((letter) => `zones/${REGION}-${letter}`);
const LINKS = 'https://www.googleapis.com/compute/v1';
const PAGE = 20;
const STATES = {
	creating: { currentAction: 'CREATING', instanceStatus: 'STAGING' },
	waiting: { currentAction: 'CREATING' },
	running: { currentAction: 'NONE', instanceStatus: 'RUNNING' },
	deleting: { currentAction: 'DELETING', instanceStatus: 'STOPPING' },
};

export class FakeGcp {
	readonly server: CloudServer = new CloudServer({ models, errorModel: null, errors: gcpErrors });
	readonly group: VmGroup;
	readonly place: { kind: 'zone' | 'region'; name: string };
	/** Mode of an autoscaler on the group; null: none is there. */
	autoscalerName = 'by-cpu';
	autoscaler: 'ON' | 'OFF' | 'ONLY_SCALE_OUT' | null = null;
	/** What VMs that find no place say. */
	shortage = 'ZONE_RESOURCE_POOL_EXHAUSTED';
	/** The next changes are refused, since another is under way. */
	conflicts = 0;
	/** By VM; a VM without has no figures. */
	readonly usage: Map<string, { cpu: number; memoryPercent: number | null }> = new Map();
	readonly healthy: Map<string, boolean> = new Map();
	/** It was deleted. */
	gone = false;
	/** Its VMs are stateful, or it chooses its machine types itself: members of the group that say so. */
	more: Record<string, unknown> = {};
	updatePolicy: Record<string, unknown> = { type: 'OPPORTUNISTIC', minimalAction: 'REPLACE' };
	/** Of the group; two of them are a canary. */
	versions: { name?: string; instanceTemplate: string }[];
	readonly templates: Templates = new Templates({
		project: PROJECT,
		operation: (name) => this.#globalOperation(name),
		grants: (permission) => this.server.grants(permission),
		used: (link) => this.versions.some(({ instanceTemplate: used }) => used.endsWith(link.replace('/compute/v1/', ''))),
	});
	/** Looks at the operation of a template before it is done. */
	operationLooks = 0;
	readonly #parts: FakeGcpParts;
	readonly #path: string;

	constructor(parts: FakeGcpParts) {
		this.#parts = parts;
		this.place = parts.regional === true ? { kind: 'region', name: REGION } : { kind: 'zone', name: `${REGION}-a` };
		this.#path = `projects/${PROJECT}/${this.place.kind}s/${this.place.name}`;
		this.group = new VmGroup({ ...parts, nameOf: (index) => `${GROUP}-${(index + 46_656).toString(36)}` });
		const template = `${LINKS}/projects/${PROJECT}/global/instanceTemplates/${GROUP}-1`;
		this.versions = [{ name: '0', instanceTemplate: template }];
		this.group.template = template;
		this.group.setTemplate(template);
		const disks = [{ boot: true, initializeParams: { sourceImage: 'projects/debian-cloud/global/images/debian-12' } }];
		const properties = { machineType: 'e2-standard-2', disks, labels: { team: 'videos' } };
		this.templates.all.set(`global/instanceTemplates/${GROUP}-1`, { name: `${GROUP}-1`, properties });
		this.server.serve([...this.#groupRoutes(), ...this.#rest(), ...this.templates.routes()]);
	}

	#groupRoutes(): Route[] {
		const manager = `/compute/v1/${this.#path}/instanceGroupManagers/${GROUP}`;
		const regional = this.place.kind === 'region';
		const permission = 'compute.instanceGroupManagers';
		return [
			{
				method: 'GET',
				path: exactly(manager),
				action: `${permission}.get`,
				gives: 'InstanceGroupManager',
				query: [],
				handle: ({ path }) => (this.gone ? gcpErrors.missing(path) : { status: 200, body: this.#manager() }),
			},
			{
				method: 'POST',
				path: exactly(`${manager}/listManagedInstances`),
				action: `${permission}.get`,
				gives: regional
					? 'RegionInstanceGroupManagersListInstancesResponse'
					: 'InstanceGroupManagersListManagedInstancesResponse',
				query: ['maxResults', 'pageToken', 'filter', 'orderBy', 'returnPartialSuccess'],
				handle: (call) => this.#managedInstances(call),
			},
			{
				method: 'PATCH',
				path: exactly(manager),
				action: `${permission}.update`,
				takes: 'InstanceGroupManager',
				gives: 'Operation',
				query: ['requestId'],
				handle: (call) => this.#patch(call),
			},
			{
				method: 'POST',
				path: exactly(`${manager}/resize`),
				action: `${permission}.update`,
				gives: 'Operation',
				query: ['size', 'requestId'],
				handle: (call) => this.#resize(call),
			},
			{
				method: 'POST',
				path: exactly(`${manager}/deleteInstances`),
				action: `${permission}.update`,
				takes: regional
					? 'RegionInstanceGroupManagersDeleteInstancesRequest'
					: 'InstanceGroupManagersDeleteInstancesRequest',
				gives: 'Operation',
				query: ['requestId'],
				handle: (call) => this.#delete(call),
			},
		];
	}

	#rest(): Route[] {
		const scope = this.place.kind === 'region' ? 'compute.regionOperations' : 'compute.zoneOperations';
		return [
			{
				method: 'GET',
				path: exactly(`/compute/v1/${this.#path}/operations/([\\w-]+)`),
				action: `${scope}.get`,
				gives: 'Operation',
				query: [],
				handle: ({ found: [id = ''], path }) => {
					const operation = this.group.operations.get(id);
					return operation === undefined ? gcpErrors.missing(path) : { status: 200, body: this.#operation(operation) };
				},
			},
			{
				method: 'GET',
				path: new RegExp(`^/compute/v1/projects/${PROJECT}/zones/(${REGION}-[a-c])/instances/([\\w-]+)$`),
				action: 'compute.instances.get',
				gives: 'Instance',
				query: [],
				handle: (call) => this.#instance(call),
			},
			{
				method: 'GET',
				path: exactly(`/compute/v1/${this.#path}/autoscalers/([\\w-]+)`),
				action: 'compute.autoscalers.get',
				gives: 'Autoscaler',
				query: [],
				handle: () => ({
					status: 200,
					body: {
						kind: 'compute#autoscaler',
						name: this.autoscalerName,
						status: 'ACTIVE',
						autoscalingPolicy: { mode: this.autoscaler ?? 'OFF', minNumReplicas: 1, maxNumReplicas: 9 },
						target: `${LINKS}/${this.#path}/instanceGroupManagers/${GROUP}`,
					},
				}),
			},
			{
				method: 'GET',
				path: exactly(`/v3/projects/${PROJECT}/timeSeries`),
				action: 'monitoring.timeSeries.list',
				gives: 'ListTimeSeriesResponse',
				query: ['filter', 'interval.startTime', 'interval.endTime', 'pageToken', 'pageSize', 'view'],
				handle: (call) => this.#timeSeries(call),
			},
		];
	}

	#manager(): unknown {
		const { size, vms } = this.group.read();
		const count = (...states: string[]) => vms.filter(({ state }) => states.includes(state)).length;
		const [creating, deleting, none] = [count('creating', 'waiting'), count('deleting'), count('running')];
		const place = `${LINKS}/projects/${PROJECT}/${this.place.kind}s/${this.place.name}`;
		return {
			kind: 'compute#instanceGroupManager',
			id: '4711',
			name: GROUP,
			baseInstanceName: GROUP,
			creationTimestamp: '2026-01-01T00:00:00.000-08:00',
			targetSize: size,
			instanceTemplate: this.versions[0]?.instanceTemplate,
			versions: this.versions,
			updatePolicy: this.updatePolicy,
			...(this.place.kind === 'zone' ? {} : { distributionPolicy: { zones: ZONES.map((zone) => ({ zone })) } }),
			[this.place.kind]: place,
			currentActions: { creating, deleting, none, recreating: 0, restarting: 0, refreshing: 0, abandoning: 0 },
			status: {
				isStable: creating + deleting === 0,
				versionTarget: { isReached: vms.every(({ vm }) => vm.template === this.group.template) },
				...(this.autoscaler === null
					? {}
					: { autoscaler: `${LINKS}/${this.#path}/autoscalers/${this.autoscalerName}` }),
			},
			...this.more,
		};
	}

	/** Regional groups spread over three zones. */
	#zoneOf(index: number): string {
		return `${REGION}-${this.place.kind === 'zone' ? 'a' : 'abc'[index % 3]}`;
	}

	#managedInstances({ query }: Call): Answer {
		const { vms } = this.group.read();
		const from = Number(query.get('pageToken') ?? 0);
		const to = from + Math.min(Number(query.get('maxResults') ?? 500), PAGE);
		const more = to < vms.length ? { nextPageToken: String(to) } : {};
		return { status: 200, body: { managedInstances: vms.slice(from, to).map((seen) => this.#managed(seen)), ...more } };
	}

	#managed({ vm, state }: SeenVm): unknown {
		const message = 'The zone does not have enough resources available to fulfill the request.';
		const healthy = this.healthy.get(vm.name);
		return {
			name: vm.name,
			instance: `${LINKS}/projects/${PROJECT}/zones/${this.#zoneOf(vm.index)}/instances/${vm.name}`,
			...(state === 'waiting' ? {} : { id: idOf(vm.index) }),
			...STATES[state],
			version: { instanceTemplate: vm.template },
			...(state === 'waiting' ? { lastAttempt: { errors: { errors: [{ code: this.shortage, message }] } } } : {}),
			...(healthy === undefined
				? {}
				: { instanceHealth: [{ detailedHealthState: healthy ? 'HEALTHY' : 'UNHEALTHY' }] }),
		};
	}

	#resize({ query }: Call): Answer {
		return this.#change() ?? { status: 200, body: this.#operation(this.group.resize(Number(query.get('size')))) };
	}

	#delete({ body }: Call): Answer {
		const refused = this.#change();
		if (refused !== null) return refused;
		const { instances = [], skipInstancesOnValidationError: skips } = body as {
			instances?: string[];
			skipInstancesOnValidationError?: boolean;
		};
		const known = instances.filter((link) => this.#vmOf(link) !== undefined);
		if (known.length < instances.length && skips !== true) {
			return gcpErrors.invalid(
				`The instance '${instances.find((link) => !known.includes(link))}' is not a member of the group`,
			);
		}
		const operation = this.group.delete(known.map((link) => this.#vmOf(link) ?? ''));
		return operation === null || operation.refused
			? gcpErrors.broken()
			: { status: 200, body: this.#operation(operation) };
	}

	#patch({ body }: Call): Answer {
		const refused = this.#change();
		if (refused !== null) return refused;
		const { versions, updatePolicy } = body as Pick<FakeGcp, 'versions' | 'updatePolicy'>;
		const [{ instanceTemplate = '' } = {}] = versions;
		const path = `/compute/v1/${instanceTemplate}`;
		if (this.templates.find(path) === undefined) return gcpErrors.missing(path);
		const use = 'compute.instanceTemplates.useReadOnly';
		if (!this.server.permits(use)) return gcpErrors.denied(use, path);
		const surge = (updatePolicy['maxSurge'] as { fixed?: number } | undefined)?.fixed ?? 0;
		if (surge === 0 || (surge < 3 && this.place.kind === 'region'))
			return gcpErrors.invalid("Invalid value for field 'resource.updatePolicy.maxSurge.fixed'");
		this.versions = [{ instanceTemplate: `${LINKS}/${instanceTemplate}` }];
		this.updatePolicy = updatePolicy;
		if (updatePolicy['type'] === 'PROACTIVE') this.group.rollOut(`${LINKS}/${instanceTemplate}`, surge);
		return { status: 200, body: this.#operation(this.group.note()) };
	}

	/** Done after some looks at it. */
	#globalOperation(name: string): unknown {
		const done = this.operationLooks-- <= 0;
		return { kind: 'compute#operation', id: '816', name, status: done ? 'DONE' : 'RUNNING', progress: done ? 100 : 0 };
	}

	/** The VM that a link names with its zone. */
	#vmOf(link: string): string | undefined {
		const [, zone, name] = /^projects\/my-project\/zones\/([\w-]+)\/instances\/([\w-]+)$/.exec(link) ?? [];
		const index = Number.parseInt(name?.slice(GROUP.length + 1) ?? '', 36) - 46_656;
		return this.group.names.find((one) => one === name && zone === this.#zoneOf(index));
	}

	#change(): Answer | null {
		if (this.conflicts <= 0) return null;
		this.conflicts--;
		const answer = gcpErrors.invalid('The resource is not ready');
		const reason = 'resourceNotReady';
		return {
			...answer,
			body: { error: { code: 400, message: 'The resource is not ready', errors: [{ reason, domain: 'global' }] } },
		};
	}

	/** Places that are missing show at the VMs; the group's own operation is done once the size is noted. */
	#operation({ id, startedAt, endsAt, error }: Operation): unknown {
		const done = endsAt <= Date.now();
		const failed = done && error === 'partial';
		const words = { code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', message: 'Some instances could not be deleted.' };
		return {
			kind: 'compute#operation',
			id: '815',
			name: id,
			operationType: 'compute.instanceGroupManagers.resize',
			status: done ? 'DONE' : 'RUNNING',
			progress: done ? 100 : 0,
			insertTime: new Date(startedAt).toISOString(),
			selfLink: `${LINKS}/${this.#path}/operations/${id}`,
			...(failed ? { error: { errors: [words] }, httpErrorStatusCode: 409 } : {}),
		};
	}

	#instance({ found: [zone, name], path }: Call): Answer {
		const seen = this.group.read().vms.find(({ vm }) => vm.name === name && this.#zoneOf(vm.index) === zone);
		if (seen === undefined || seen.state === 'waiting') return gcpErrors.missing(path);
		const { index, createdAt, template } = seen.vm;
		const machineType = this.templates.find(template)?.properties.machineType;
		const networkIP = this.#parts.host ?? `10.156.${index >> 8}.${(index & 255) + 2}`;
		const natIP = this.#parts.host ?? `203.0.113.${index + 2}`;
		return {
			status: 200,
			body: {
				kind: 'compute#instance',
				id: idOf(index),
				name,
				status: STATES[seen.state].instanceStatus,
				creationTimestamp: new Date(createdAt).toISOString(),
				lastStartTimestamp: new Date(createdAt).toISOString(),
				zone: `${LINKS}/projects/${PROJECT}/zones/${zone}`,
				machineType: `${LINKS}/projects/${PROJECT}/zones/${zone}/machineTypes/${machineType}`,
				networkInterfaces: [
					{ name: 'nic0', networkIP, accessConfigs: [{ name: 'External NAT', type: 'ONE_TO_ONE_NAT', natIP }] },
				],
			},
		};
	}

	#timeSeries({ query }: Call): Answer {
		const filter = query.get('filter') ?? '';
		const type = /metric\.type = "([^"]+)"/.exec(filter)?.[1] ?? '';
		const memory = type.startsWith('agent.');
		if (!filter.includes(`metadata.system_labels.instance_group = "${GROUP}"`)) return { status: 200, body: {} };
		const at = Date.now() - 60_000;
		const point = (atMs: number, doubleValue: number) => ({
			interval: { startTime: new Date(atMs).toISOString(), endTime: new Date(atMs).toISOString() },
			value: { doubleValue },
		});
		const timeSeries = [...this.usage].flatMap(([name, { cpu, memoryPercent }]) => {
			if (memory && memoryPercent === null) return [];
			const index = Number.parseInt(name.slice(GROUP.length + 1), 36) - 46_656;
			return [
				{
					metric: { type, labels: memory ? { state: 'used' } : { instance_name: name } },
					resource: {
						type: 'gce_instance',
						labels: { project_id: PROJECT, instance_id: idOf(index), zone: this.#zoneOf(index) },
					},
					metricKind: 'GAUGE',
					valueType: 'DOUBLE',
					points: [point(at, memory ? (memoryPercent ?? 0) : cpu), point(at - 60_000, 0)],
				},
			];
		});
		return { status: 200, body: { timeSeries } };
	}
}

const exactly = (path: string) => new RegExp(`^${path}$`);
const idOf = (index: number) => String(8_000_000_000_000_000_000n + BigInt(index));
