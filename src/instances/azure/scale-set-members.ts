/** The VMs of a scale set as members of the group. */
import { isIP } from 'node:net';
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { PlatformMember } from '../platform/platform.ts';
import { wordsOf } from '../platform/rest-client.ts';

export interface ScaleSetVm {
	/** Resource id in lower case: Azure keeps no case. */
	readonly key: string;
	/** `videos_3`, of a flexible scale set `videos_1a2b3c4d`. */
	readonly name: string;
	/** What a deletion names it by. */
	readonly instanceId: string;
	readonly provisioning: string;
	/** `running`, `starting`, `deallocated` …; empty: nothing is known yet. */
	readonly power: string;
	readonly ready: boolean | null;
	readonly startedAt: number;
	/** Azure's own words on a failure; may be empty. */
	readonly complaint: string;
}

export function vmOf(raw: unknown, flexible: boolean): ScaleSetVm | null {
	const name = textAt(raw, 'name');
	const id = textAt(raw, 'id');
	if (name === '' || id === '') return null;
	const properties = valueAt(raw, 'properties');
	const statuses = listAt(properties, 'instanceView', 'statuses');
	const health = textAt(properties, 'instanceView', 'vmHealth', 'status', 'code').toLowerCase();
	const failed = statuses.find((status) => textAt(status, 'level') === 'Error');
	return {
		key: id.toLowerCase(),
		name,
		instanceId: flexible ? name : textAt(raw, 'instanceId') || name,
		provisioning: textAt(properties, 'provisioningState').toLowerCase(),
		power: powerOf(statuses),
		ready: health === 'healthstate/healthy' ? true : health === 'healthstate/unhealthy' ? false : null,
		startedAt: Date.parse(textAt(properties, 'timeCreated')) || 0,
		complaint: wordsOf(textAt(failed, 'message') || textAt(failed, 'displayStatus')),
	};
}

function powerOf(statuses: readonly unknown[]): string {
	const codes = statuses.map((status) => textAt(status, 'code').toLowerCase());
	return codes.find((code) => code.startsWith('powerstate/'))?.slice('powerstate/'.length) ?? '';
}

export function memberOf(vm: ScaleSetVm, at: { host: string; port: number }): PlatformMember {
	const life = lifeOf(vm, at.host);
	const note =
		vm.complaint || (life === 'running' ? '' : wordsOf([vm.provisioning, vm.power].filter(Boolean).join(', ')));
	return { id: vm.name, ...at, life, ready: vm.ready, startedAt: vm.startedAt, note };
}

function lifeOf(vm: ScaleSetVm, host: string): PlatformMember['life'] {
	if (vm.provisioning === 'deleting' || vm.power === 'stopping' || vm.power === 'deallocating') return 'leaving';
	if (vm.power === 'stopped' || vm.power === 'deallocated') return 'failed';
	if (vm.power === 'running') return host === '' || vm.provisioning === 'creating' ? 'pending' : 'running';
	return vm.provisioning === 'failed' || vm.provisioning === 'canceled' ? 'failed' : 'pending';
}

/** Private addresses by VM (resource id in lower case). */
export function privateAddresses(interfaces: readonly unknown[]): Map<string, string> {
	const found = new Map<string, string>();
	for (const one of interfaces) {
		const vm = textAt(one, 'properties', 'virtualMachine', 'id').toLowerCase();
		const primary = valueAt(one, 'properties', 'primary') !== false;
		if (vm === '' || (!primary && found.has(vm))) continue;
		const configurations = listAt(one, 'properties', 'ipConfigurations');
		const first = configurations.find((each) => valueAt(each, 'properties', 'primary') === true) ?? configurations[0];
		const address = textAt(first, 'properties', 'privateIPAddress');
		if (isIP(address) !== 0) found.set(vm, address);
	}
	return found;
}

/** Public addresses by VM: an address names the configuration of an interface that it belongs to. */
export function publicAddresses(interfaces: readonly unknown[], addresses: readonly unknown[]): Map<string, string> {
	const byConfiguration = new Map<string, string>();
	for (const one of addresses) {
		const address = textAt(one, 'properties', 'ipAddress');
		const configuration = textAt(one, 'properties', 'ipConfiguration', 'id').toLowerCase();
		if (isIP(address) !== 0 && configuration !== '') byConfiguration.set(configuration, address);
	}
	const found = new Map<string, string>();
	for (const one of interfaces) {
		const vm = textAt(one, 'properties', 'virtualMachine', 'id').toLowerCase();
		for (const configuration of listAt(one, 'properties', 'ipConfigurations')) {
			const address = byConfiguration.get(textAt(configuration, 'id').toLowerCase());
			if (vm !== '' && address !== undefined && !found.has(vm)) found.set(vm, address);
		}
	}
	return found;
}
