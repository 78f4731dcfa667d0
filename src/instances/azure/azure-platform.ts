/**
 * A virtual machine scale set, uniform or flexible. Its capacity is the size; VMs are removed by a deletion that
 * names them, which lowers the capacity by as many.
 */
import { numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import type {
	ChecksPermissions,
	KnowsUsage,
	MemberSize,
	PermissionsFound,
	Platform,
	PlatformGroup,
	PlatformUsage,
	SizeApplied,
	Sizes,
} from '../platform/platform.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { RestAnswer, TokenSource } from '../platform/rest-client.ts';
import { RunningOperations } from '../platform/running-operations.ts';
import { AzureTokens } from './azure-tokens.ts';
import type { AzureConfig } from './config.ts';
import { findPermissions } from './needed-permissions.ts';
import { ScaleSetApi } from './scale-set-api.ts';
import { memberOf, privateAddresses, publicAddresses, type ScaleSetVm, vmOf } from './scale-set-members.ts';
import { CPU_METRIC, MEMORY_METRIC, vmUsage } from './vm-usage.ts';

const AUTOSCALER_EVERY_MS = 60_000;
/** A VM is there within minutes; what takes longer needs somebody to look at it. */
const STUCK_MS = 900_000;
/** Lists and sizes show a change within seconds. */
const LAG_MS = 15_000;
const METRICS_OVER_MS = 600_000;

export interface AzureNeeds {
	/** How late what is read may be, ms; default 15 s. */
	readonly lagMs?: number;
	/** Default: those that `@azure/identity` finds. */
	readonly tokens?: TokenSource;
	/** After which an operation is called stuck, ms; default 15 minutes. */
	readonly stuckMs?: number;
	/** How long what was found about autoscale settings holds, ms; default a minute. */
	readonly autoscalerEveryMs?: number;
}

export class AzurePlatform implements Platform, KnowsUsage, Sizes, ChecksPermissions {
	readonly kind = 'azure';
	readonly target: string;
	readonly identity: string;
	readonly lagMs: number;
	readonly #config: AzureConfig;
	readonly #needs: AzureNeeds;
	readonly #api: ScaleSetApi;
	readonly #operations: RunningOperations;
	#scaleSet: unknown = null;
	/** By VM; addresses last as long as the VM. */
	#addresses: ReadonlyMap<string, string> = new Map();
	#autoscaler: { name: string | null; until: number } = { name: null, until: 0 };
	#machine: { name: string; size: MemberSize } | null = null;

	constructor(config: AzureConfig, needs: AzureNeeds = {}) {
		this.#config = config;
		this.lagMs = needs.lagMs ?? LAG_MS;
		this.#needs = needs;
		const { endpoint, subscription, resourceGroup, scaleSet } = config;
		this.identity = JSON.stringify([endpoint, subscription, resourceGroup, scaleSet]);
		this.target = `scale set ${config.resourceGroup}/${config.scaleSet}`;
		this.#api = new ScaleSetApi(config, needs.tokens ?? new AzureTokens(config.endpoint));
		this.#operations = new RunningOperations(needs.stuckMs ?? STUCK_MS);
	}

	async group(signal: AbortSignal): Promise<PlatformGroup> {
		const scaleSet = await this.#api.scaleSet(signal);
		this.#scaleSet = scaleSet;
		await this.#operations.look(signal);
		const flexible = isFlexible(scaleSet);
		const vms = await this.#vms(flexible, signal);
		await this.#findAddresses(vms, flexible, signal);
		const desired = numberAt(scaleSet, 'sku', 'capacity');
		if (desired === null) throw new PlatformError('bad_request', `${this.target} has no capacity that could be set`);
		const at = (vm: ScaleSetVm) => ({ host: this.#addresses.get(vm.key) ?? '', port: this.#config.port });
		return {
			desired,
			min: null,
			max: null,
			autoscaler: await this.#autoscalerOf(signal),
			busy: this.#operations.busy ?? busyOf(scaleSet),
			...this.#operations.failing,
			failure:
				vms.length >= desired && this.#operations.failure?.fault === 'capacity' ? null : this.#operations.failure,
			members: vms.map((vm) => memberOf(vm, at(vm))),
		};
	}

	async setDesired(count: number, signal: AbortSignal): Promise<void> {
		const answer = await this.#api.change({ sku: { capacity: count } }, signal);
		const grows = count >= (numberAt(this.#scaleSet, 'sku', 'capacity') ?? 0);
		this.#goesOn(answer, `the change to ${count}`, grows ? 'out' : 'in');
	}

	async remove(ids: readonly string[], signal: AbortSignal): Promise<void> {
		// A deletion that names one that is gone is refused as a whole.
		const vms = await this.#vms(isFlexible(await this.#known(signal)), signal);
		const there = vms.filter((vm) => ids.includes(vm.name) && vm.provisioning !== 'deleting');
		await this.#delete(there, signal);
	}

	async usage(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, PlatformUsage>> {
		if (ids.length === 0) return new Map();
		const to = new Date();
		const span = { from: new Date(to.getTime() - METRICS_OVER_MS), to };
		const answer = await this.#api.metrics([CPU_METRIC, MEMORY_METRIC], span, signal);
		const found = vmUsage(answer, await this.#machineOf(signal));
		const known = ids.map((id) => [id, found.get(id.toLowerCase())] as const);
		return new Map(known.filter((entry): entry is readonly [string, PlatformUsage] => entry[1] !== undefined));
	}

	async applySize(size: MemberSize, signal: AbortSignal): Promise<SizeApplied> {
		const fits = this.#config.sizes
			.filter((one) => one.cpu >= (size.cpu ?? 0) && one.memoryBytes >= (size.memoryBytes ?? 0))
			.sort((one, other) => one.cpu - other.cpu || one.memoryBytes - other.memoryBytes);
		const [smallest] = fits;
		if (smallest === undefined)
			throw new PlatformError('bad_request', 'none of the `sizes` of the configuration has as much');
		const scaleSet = await this.#api.scaleSet(signal);
		if (textAt(scaleSet, 'sku', 'name') === smallest.name) return 'same';
		if (textAt(scaleSet, 'properties', 'upgradePolicy', 'mode') === 'Manual') {
			const message = `the upgrade policy of ${this.target} is Manual: VMs would keep their size; set it to Rolling or Automatic`;
			throw new PlatformError('bad_request', message);
		}
		const tier = textAt(scaleSet, 'sku', 'tier');
		const answer = await this.#api.change({ sku: { name: smallest.name, ...(tier === '' ? {} : { tier }) } }, signal);
		this.#goesOn(answer, `the change to ${smallest.name}`);
		return 'rolling';
	}

	missingPermissions(signal: AbortSignal): Promise<PermissionsFound> {
		return findPermissions(() => this.#api.permissions(signal));
	}

	close(): void {}

	async #delete(vms: readonly ScaleSetVm[], signal: AbortSignal): Promise<void> {
		const [first] = vms;
		if (first === undefined) return;
		try {
			const answer = await this.#api.delete(
				vms.map((vm) => vm.instanceId),
				signal,
			);
			this.#goesOn(answer, `the deletion of ${vms.length === 1 ? first.name : `${vms.length} VMs`}`, 'in');
		} catch (error) {
			if (!isGone(error)) throw error;
			// The list was behind; which of them is gone shows only one by one.
			if (vms.length > 1) for (const vm of vms) await this.#delete([vm], signal);
		}
	}

	#goesOn(answer: RestAnswer, what: string, failing?: 'out' | 'in'): void {
		const operation = this.#api.operationOf(answer, what);
		if (operation !== null) this.#operations.add(operation, failing);
	}

	async #vms(flexible: boolean, signal: AbortSignal): Promise<ScaleSetVm[]> {
		const all = await this.#api.virtualMachines(flexible, signal);
		return all.map((raw) => vmOf(raw, flexible)).filter((vm) => vm !== null);
	}

	/** What does not change by itself may be read from the last look. */
	async #known(signal: AbortSignal): Promise<unknown> {
		this.#scaleSet ??= await this.#api.scaleSet(signal);
		return this.#scaleSet;
	}

	/** Asked for only while a VM is without. */
	async #findAddresses(vms: readonly ScaleSetVm[], flexible: boolean, signal: AbortSignal): Promise<void> {
		const kept = vms.filter((vm) => vm.power === 'running' && this.#addresses.has(vm.key));
		const known = new Map(kept.map((vm) => [vm.key, this.#addresses.get(vm.key) as string]));
		this.#addresses = known;
		if (vms.every((vm) => vm.power !== 'running' || known.has(vm.key))) return;
		const interfaces = await this.#api.networkInterfaces(flexible, signal);
		const found =
			this.#config.address === 'private'
				? privateAddresses(interfaces)
				: publicAddresses(interfaces, await this.#api.publicAddresses(flexible, signal));
		this.#addresses = new Map([...found].filter(([key]) => vms.some((vm) => vm.key === key)));
	}

	async #autoscalerOf(signal: AbortSignal): Promise<string | null> {
		if (Date.now() < this.#autoscaler.until) return this.#autoscaler.name;
		const settings = await this.#api.autoscaleSettings(signal);
		const id = decodeURIComponent(this.#api.id).toLowerCase();
		const mine = settings.find(
			(one) =>
				textAt(one, 'properties', 'targetResourceUri').toLowerCase() === id &&
				valueAt(one, 'properties', 'enabled') === true,
		);
		const name = mine === undefined ? null : textAt(mine, 'name') || 'an autoscale setting';
		this.#autoscaler = { name, until: Date.now() + (this.#needs.autoscalerEveryMs ?? AUTOSCALER_EVERY_MS) };
		return name;
	}

	/** What a VM of the scale set's size has; null: Azure does not say. */
	async #machineOf(signal: AbortSignal): Promise<MemberSize | null> {
		const scaleSet = await this.#known(signal);
		const name = textAt(scaleSet, 'sku', 'name');
		const given = this.#config.sizes.find((one) => one.name === name);
		if (given !== undefined) return { cpu: given.cpu, memoryBytes: given.memoryBytes };
		if (this.#machine?.name === name) return this.#machine.size;
		const sizes = await this.#api.vmSizes(textAt(scaleSet, 'location'), signal);
		const found = sizes.find((one) => textAt(one, 'name') === name);
		const above0 = (value: number | null): number | null => (value !== null && value > 0 ? value : null);
		const [cpu, mib] = [above0(numberAt(found, 'numberOfCores')), above0(numberAt(found, 'memoryInMB'))];
		const size = { cpu, memoryBytes: mib === null ? null : mib * 1024 * 1024 };
		this.#machine = { name, size };
		return size;
	}
}

const isFlexible = (scaleSet: unknown) => textAt(scaleSet, 'properties', 'orchestrationMode') === 'Flexible';

/** `The provided instanceId 7 is not an active Virtual Machine Scale Set VM instanceId.` */
function isGone(error: unknown): boolean {
	if (!(error instanceof PlatformError)) return false;
	return error.fault === 'not_found' || /not an active .* instanceId/i.test(error.message);
}

/** null: nothing is under way. */
function busyOf(scaleSet: unknown): string | null {
	const state = textAt(scaleSet, 'properties', 'provisioningState');
	return ['Creating', 'Updating', 'Migrating', 'Deleting'].includes(state)
		? `the scale set is ${state.toLowerCase()}`
		: null;
}
