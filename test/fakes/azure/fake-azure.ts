/** Azure Resource Manager, as far as a scale set needs it; held to the models of Azure's own packages. */
import { ModelCheck } from '../cloud-models/check-model.ts';
import { type Answer, type Call, CloudServer, type Route } from '../cloud-server.ts';
import { type Operation, type SeenVm, VmGroup, type VmTimes } from '../vm-group.ts';
import { azureErrors, errorBody } from './azure-errors.ts';

export const SUBSCRIPTION = '00000000-0000-0000-0000-00000000c0de';
export const RESOURCE_GROUP = 'production';
export const SCALE_SET = 'videos';

export interface FakeAzureParts extends VmTimes {
	readonly size: number;
	readonly flexible?: boolean;
	/** Where the VMs are; default an address for each. */
	readonly host?: string;
}

const models = new ModelCheck(new URL('fixtures/model.json', import.meta.url));
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${RESOURCE_GROUP}`;
const ID = `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/${SCALE_SET}`;
const OPERATIONS = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/operations`;
const PAGE = 20;

export class FakeAzure {
	readonly server: CloudServer = new CloudServer({ models, errorModel: 'cloudErrorDeserializer', errors: azureErrors });
	readonly group: VmGroup;
	readonly flexible: boolean;
	sku = 'Standard_D2s_v5';
	upgradeMode: 'Automatic' | 'Rolling' | 'Manual' = 'Rolling';
	/** Name of an autoscale setting on the scale set; null: none. */
	autoscaler: string | null = null;
	/** Answers an operation by `Location` alone, without its status. */
	byLocation = false;
	/** The next changes are refused, since another is under way. */
	conflicts = 0;
	/** Most VMs that the subscription may have. */
	quota: number = Number.POSITIVE_INFINITY;
	/** By VM; a VM without has no figures. */
	readonly usage: Map<string, { cpu: number; freeBytes: number }> = new Map();
	readonly healthy: Map<string, boolean> = new Map();
	/** Roles of the caller; null: one with all that is not denied. */
	roles: { actions: string[]; notActions: string[] }[] | null = null;
	/** It was deleted. */
	gone = false;
	readonly #parts: FakeAzureParts;

	constructor(parts: FakeAzureParts) {
		this.#parts = parts;
		this.flexible = parts.flexible === true;
		const hex = (index: number) => (0xabc00000 + index).toString(16);
		this.group = new VmGroup({
			...parts,
			nameOf: (index) => `${SCALE_SET}_${this.flexible ? hex(index) : index}`,
		});
		this.server.serve([...this.#scaleSetRoutes(), ...this.#lists(), ...this.#rest()]);
	}

	#scaleSetRoutes(): Route[] {
		const set = 'Microsoft.Compute/virtualMachineScaleSets';
		const query = ['api-version'];
		return [
			{
				method: 'GET',
				path: exactly(ID),
				action: `${set}/read`,
				gives: 'virtualMachineScaleSetDeserializer',
				query,
				handle: ({ path }) => (this.gone ? azureErrors.missing(path) : { status: 200, body: this.#scaleSet() }),
			},
			{
				method: 'PATCH',
				path: exactly(ID),
				action: `${set}/write`,
				takes: 'virtualMachineScaleSetUpdateSerializer',
				gives: 'virtualMachineScaleSetDeserializer',
				query,
				handle: (call) => this.#patch(call),
			},
			{
				method: 'POST',
				path: exactly(`${ID}/delete`),
				action: `${set}/delete/action`,
				takes: 'virtualMachineScaleSetVMInstanceRequiredIDsSerializer',
				query: [...query, 'forceDeletion'],
				handle: (call) => this.#delete(call),
			},
		];
	}

	#lists(): Route[] {
		const route = (
			path: string,
			more: Pick<Route, 'action' | 'gives' | 'query'>,
			items: (call: Call) => unknown[],
		) => ({
			method: 'GET',
			path: exactly(path),
			...more,
			query: ['api-version', '$skiptoken', ...more.query],
			handle: (call: Call) => this.#page(call, items(call)),
		});
		const compute = 'Microsoft.Compute/virtualMachineScaleSets';
		const interfaces = { gives: 'NetworkInterfaceListResult', query: [] };
		const addresses = { gives: 'PublicIPAddressListResult', query: [] };
		const uniform = [
			route(
				`${ID}/virtualMachines`,
				{
					action: `${compute}/virtualMachines/read`,
					gives: '_virtualMachineScaleSetVMListResultDeserializer',
					query: ['$expand', '$filter', '$select'],
				},
				(call) => this.#vms(call),
			),
			route(`${ID}/networkInterfaces`, { action: `${compute}/networkInterfaces/read`, ...interfaces }, () =>
				this.#interfaces(),
			),
			route(`${ID}/publicipaddresses`, { action: `${compute}/publicIPAddresses/read`, ...addresses }, () =>
				this.#addresses(),
			),
		];
		const network = `${GROUP}/providers/Microsoft.Network`;
		const flexible = [
			route(
				`${GROUP}/providers/Microsoft.Compute/virtualMachines`,
				{
					action: 'Microsoft.Compute/virtualMachines/read',
					gives: '_virtualMachineListResultDeserializer',
					query: ['$expand', '$filter'],
				},
				(call) => this.#vms(call),
			),
			route(`${network}/networkInterfaces`, { action: 'Microsoft.Network/networkInterfaces/read', ...interfaces }, () =>
				this.#interfaces(),
			),
			route(`${network}/publicIPAddresses`, { action: 'Microsoft.Network/publicIPAddresses/read', ...addresses }, () =>
				this.#addresses(),
			),
		];
		return this.flexible ? flexible : uniform;
	}

	#rest(): Route[] {
		return [
			{
				method: 'GET',
				path: exactly(`${GROUP}/providers/Microsoft.Insights/autoscalesettings`),
				action: 'Microsoft.Insights/AutoscaleSettings/Read',
				gives: 'AutoscaleSettingResourceCollection',
				query: ['api-version'],
				handle: () => ({ status: 200, body: { value: this.#autoscaleSettings() } }),
			},
			{
				method: 'GET',
				path: exactly(`${ID}/providers/Microsoft.Authorization/permissions`),
				action: 'Microsoft.Authorization/permissions/read',
				gives: 'PermissionGetResult',
				query: ['api-version'],
				handle: () => ({ status: 200, body: { value: this.roles ?? [this.#role()] } }),
			},
			{
				method: 'GET',
				path: exactly(`${ID}/providers/Microsoft.Insights/metrics`),
				action: 'Microsoft.Insights/Metrics/Read',
				gives: 'Response',
				query: ['api-version', 'metricnames', 'timespan', 'interval', 'aggregation', 'top', '$filter'],
				handle: (call) => this.#metrics(call),
			},
			{
				method: 'GET',
				path: /\/locations\/westeurope\/vmSizes$/i,
				action: 'Microsoft.Compute/locations/vmSizes/read',
				gives: '_virtualMachineSizeListResultDeserializer',
				query: ['api-version'],
				handle: () => ({
					status: 200,
					body: { value: [{ name: 'Standard_D2s_v5', numberOfCores: 2, memoryInMB: 8192 }] },
				}),
			},
			{
				method: 'GET',
				path: new RegExp(`^${OPERATIONS}/([\\w-]+)(/location)?$`, 'i'),
				action: 'Microsoft.Compute/locations/operations/read',
				query: ['api-version'],
				handle: (call) => this.#operationAnswer(call),
			},
		];
	}

	/** Denied is what the role takes away. */
	#role(): { actions: string[]; notActions: string[]; dataActions: string[]; notDataActions: string[] } {
		const actions = ['write', 'delete/action'].map((verb) => `Microsoft.Compute/virtualMachineScaleSets/${verb}`);
		const notActions = actions.filter((action) => !this.server.grants(action));
		return { actions: ['*/read', 'Microsoft.Compute/*'], notActions, dataActions: [], notDataActions: [] };
	}

	#scaleSet(): unknown {
		const { size } = this.group.read();
		const changes = [...this.group.operations.values()].some((one) => one.endsAt > Date.now());
		return {
			id: ID,
			name: SCALE_SET,
			type: 'Microsoft.Compute/virtualMachineScaleSets',
			location: 'westeurope',
			sku: { name: this.sku, tier: 'Standard', capacity: size },
			properties: {
				provisioningState: changes ? 'Updating' : 'Succeeded',
				orchestrationMode: this.flexible ? 'Flexible' : 'Uniform',
				upgradePolicy: { mode: this.upgradeMode },
				singlePlacementGroup: false,
			},
		};
	}

	#patch({ body }: Call): Answer {
		const { sku } = body as { sku?: { capacity?: number; name?: string } };
		if (this.conflicts > 0) {
			this.conflicts--;
			const message = 'The request failed due to conflict with a concurrent request.';
			return { status: 409, body: errorBody('Conflict', message) };
		}
		if (sku?.name?.startsWith('Standard_None'))
			return {
				status: 409,
				body: errorBody(
					'SkuNotAvailable',
					`The requested size ${sku.name} is currently not available in location westeurope.`,
				),
			};
		const capacity = sku?.capacity ?? this.group.size;
		if (capacity > this.quota) {
			const message = `Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Current Limit: ${this.quota * 2}.`;
			return { status: 409, body: errorBody('OperationNotAllowed', message) };
		}
		if (sku?.name !== undefined) this.sku = sku.name;
		const operation = this.group.resize(capacity);
		return { status: 200, body: this.#scaleSet(), headers: this.#operationHeaders(operation, 'change') };
	}

	#delete({ body }: Call): Answer {
		const { instanceIds } = body as { instanceIds: string[] };
		const names = instanceIds.map((id) => (this.flexible ? id : `${SCALE_SET}_${id}`));
		const gone = names.findIndex((name) => !this.group.names.includes(name));
		if (gone !== -1) {
			const message = `The provided instanceId ${instanceIds[gone]} is not an active Virtual Machine Scale Set VM instanceId.`;
			return { status: 400, body: errorBody('InvalidParameter', message) };
		}
		const operation = this.group.delete(names);
		if (operation?.refused === true)
			return { status: 500, body: errorBody('InternalServerError', 'Some VMs could not be deleted.') };
		return { status: 202, headers: operation === null ? {} : this.#operationHeaders(operation, 'action') };
	}

	/** Of a change Azure tells the status alone, of an action its location, too. */
	#operationHeaders({ id }: Operation, of: 'change' | 'action'): Record<string, string> {
		const url = `${this.server.url}${OPERATIONS}/${id}`;
		const location = { location: `${url}/location?api-version=2024-07-01` };
		if (this.byLocation) return location;
		return { 'azure-asyncoperation': `${url}?api-version=2024-07-01`, ...(of === 'action' ? location : {}) };
	}

	#operationAnswer({ found: [id = '', location], path }: Call): Answer {
		const operation = this.group.operations.get(id);
		if (operation === undefined) return azureErrors.missing(path);
		const ended = operation.endsAt <= Date.now();
		if (location !== undefined) {
			if (!ended) return { status: 202, headers: { location: `${this.server.url}${path}?api-version=2024-07-01` } };
			return operation.error === null ? { status: 200 } : { status: 409, body: failure(operation.error) };
		}
		const startTime = new Date(operation.startedAt).toISOString();
		if (!ended) return { status: 200, body: { startTime, status: 'InProgress', name: id } };
		const endTime = new Date(operation.endsAt).toISOString();
		const failed = operation.error === null ? {} : failure(operation.error);
		return {
			status: 200,
			body: { startTime, endTime, status: operation.error === null ? 'Succeeded' : 'Failed', ...failed, name: id },
		};
	}

	#page(call: Call, items: unknown[]): Answer {
		const from = Number(call.query.get('$skiptoken') ?? 0);
		const next = new URL(`${this.server.url}${call.path}`);
		for (const [name, value] of call.query) next.searchParams.set(name, value);
		next.searchParams.set('$skiptoken', String(from + PAGE));
		const more = from + PAGE < items.length ? { nextLink: next.href } : {};
		return { status: 200, body: { value: items.slice(from, from + PAGE), ...more } };
	}

	#vmId({ vm }: SeenVm): string {
		return this.flexible
			? `${GROUP}/providers/Microsoft.Compute/virtualMachines/${vm.name}`
			: `${ID}/virtualMachines/${vm.index}`;
	}

	/** What waits for a place is no VM yet: Azure shows nothing of it. */
	#seen(): SeenVm[] {
		return this.group.read().vms.filter(({ state }) => state !== 'waiting');
	}

	#vms({ query }: Call): unknown[] {
		const withView = query.get('$expand') === 'instanceView';
		if (this.flexible && query.get('$filter') !== `'virtualMachineScaleSet/id' eq '${ID}'`) return [];
		return this.#seen().map((seen) => ({
			id: this.#vmId(seen),
			name: seen.vm.name,
			location: 'westeurope',
			...(this.flexible ? {} : { instanceId: String(seen.vm.index), sku: { name: this.sku, tier: 'Standard' } }),
			properties: {
				provisioningState: { creating: 'Creating', running: 'Succeeded', deleting: 'Deleting', waiting: '' }[
					seen.state
				],
				timeCreated: new Date(seen.vm.createdAt).toISOString(),
				...(this.flexible ? { virtualMachineScaleSet: { id: ID } } : {}),
				...(withView ? { instanceView: this.#view(seen) } : {}),
			},
		}));
	}

	#view({ vm, state }: SeenVm): unknown {
		const power = { creating: 'starting', running: 'running', deleting: 'running', waiting: 'unknown' }[state];
		const healthy = this.healthy.get(vm.name);
		const code = `HealthState/${healthy ? 'healthy' : 'unhealthy'}`;
		return {
			statuses: [
				{
					code: `ProvisioningState/${state === 'running' ? 'succeeded' : 'updating'}`,
					level: 'Info',
					displayStatus: 'Ready',
				},
				{ code: `PowerState/${power}`, level: 'Info', displayStatus: `VM ${power}` },
			],
			...(healthy === undefined ? {} : { vmHealth: { status: { code, level: 'Info', displayStatus: 'The VM' } } }),
		};
	}

	#configurationId(seen: SeenVm): string {
		const nic = this.flexible
			? `${GROUP}/providers/Microsoft.Network/networkInterfaces/${seen.vm.name}-nic`
			: `${this.#vmId(seen)}/networkInterfaces/nic`;
		return `${nic}/ipConfigurations/ip`;
	}

	#interfaces(): unknown[] {
		return this.#seen().map((seen) => {
			const configuration = this.#configurationId(seen);
			const address = this.#parts.host ?? `10.0.${seen.vm.index >> 8}.${(seen.vm.index & 255) + 4}`;
			return {
				id: configuration.slice(0, configuration.indexOf('/ipConfigurations')),
				name: 'nic',
				properties: {
					primary: true,
					provisioningState: 'Succeeded',
					virtualMachine: { id: this.#vmId(seen) },
					ipConfigurations: [
						{
							id: configuration,
							name: 'ip',
							properties: {
								primary: true,
								privateIPAddress: address,
								privateIPAllocationMethod: 'Dynamic',
								publicIPAddress: { id: `${configuration}/publicIPAddresses/public` },
							},
						},
					],
				},
			};
		});
	}

	#addresses(): unknown[] {
		return this.#seen().map((seen) => ({
			id: `${this.#configurationId(seen)}/publicIPAddresses/public`,
			name: 'public',
			properties: {
				ipAddress: this.#parts.host ?? `203.0.113.${seen.vm.index + 4}`,
				ipConfiguration: { id: this.#configurationId(seen) },
			},
		}));
	}

	#autoscaleSettings(): unknown[] {
		const other = ID.replace(SCALE_SET, 'other');
		const setting = (name: string, target: string) => ({
			id: `${GROUP}/providers/Microsoft.Insights/autoscalesettings/${name}`,
			name,
			location: 'westeurope',
			properties: {
				enabled: true,
				targetResourceUri: target.toUpperCase(),
				profiles: [{ name: 'day', capacity: { minimum: '1', maximum: '9', default: '2' }, rules: [] }],
			},
		});
		return [setting('of-another', other), ...(this.autoscaler === null ? [] : [setting(this.autoscaler, ID)])];
	}

	#metrics({ query }: Call): Answer {
		const split = query.get('$filter') === "VMName eq '*'";
		const at = new Date(Date.now() - 60_000).toISOString();
		const names = (query.get('metricnames') ?? '').split(',');
		const value = names.map((name) => ({
			id: `${ID}/providers/Microsoft.Insights/metrics/${name}`,
			type: 'Microsoft.Insights/metrics',
			name: { value: name, localizedValue: name },
			unit: name === 'Percentage CPU' ? 'Percent' : 'Bytes',
			timeseries: [...(split ? this.usage : [])].slice(0, Number(query.get('top') ?? 10)).map(([vm, used]) => ({
				metadatavalues: [{ name: { value: 'vmname', localizedValue: 'vmname' }, value: vm.toLowerCase() }],
				data: [
					{ timeStamp: new Date(Date.now() - 120_000).toISOString(), average: 0 },
					{ timeStamp: at, average: name === 'Percentage CPU' ? used.cpu * 100 : used.freeBytes },
					{ timeStamp: new Date().toISOString() },
				],
			})),
		}));
		return { status: 200, body: { timespan: query.get('timespan') ?? '', interval: 'PT1M', value } };
	}
}

const exactly = (path: string) => new RegExp(`^${path.replaceAll('.', '\\.')}$`, 'i');

function failure(error: 'capacity' | 'partial'): object {
	return error === 'capacity'
		? errorBody(
				'AllocationFailed',
				'Allocation failed. We do not have sufficient capacity for the requested VM size in this region.',
			)
		: errorBody('VMScaleSetDeletionFailed', 'Some VMs could not be deleted.');
}
