import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memberOf, privateAddresses, publicAddresses, vmOf } from './scale-set-members.ts';

function raw(provisioningState: string, power: string, more: object = {}): unknown {
	const statuses = power === '' ? [] : [{ code: `PowerState/${power}`, level: 'Info' }];
	return {
		id: '/VM/A',
		name: 'a_0',
		instanceId: '0',
		properties: { provisioningState, instanceView: { statuses, ...more } },
	};
}

test('the life of a VM', () => {
	const life = (state: string, power: string, host = '10.0.0.4') => {
		const vm = vmOf(raw(state, power), false);
		assert.ok(vm);
		return memberOf(vm, { host, port: 80 }).life;
	};
	assert.equal(life('Succeeded', 'running'), 'running');
	assert.equal(life('Updating', 'running'), 'running');
	assert.equal(life('Succeeded', 'running', ''), 'pending');
	assert.equal(life('Creating', 'running'), 'pending');
	assert.equal(life('Creating', ''), 'pending');
	assert.equal(life('Succeeded', 'starting'), 'pending');
	assert.equal(life('Deleting', 'running'), 'leaving');
	assert.equal(life('Succeeded', 'deallocating'), 'leaving');
	assert.equal(life('Succeeded', 'deallocated'), 'failed');
	assert.equal(life('Failed', ''), 'failed');
	assert.equal(life('Failed', 'running'), 'running');
});

test('what Azure complains of stands beside the VM', () => {
	const failed = {
		statuses: [{ code: 'ProvisioningState/failed', level: 'Error', message: 'OS\u0007 did not start' }],
	};
	const vm = vmOf(raw('Failed', '', failed), false);
	assert.ok(vm);
	assert.equal(memberOf(vm, { host: '', port: 80 }).note, 'OS\\x07 did not start');
});

test('the primary address of the primary interface; one that is no address is none', () => {
	const nic = (vm: string, primary: boolean, addresses: [boolean, string][]) => ({
		properties: {
			primary,
			virtualMachine: { id: vm },
			ipConfigurations: addresses.map(([first, privateIPAddress], at) => ({
				id: `${vm}/nic/${at}`,
				properties: { primary: first, privateIPAddress },
			})),
		},
	});
	const all = [
		nic('/VM/A', false, [[true, '10.1.0.1']]),
		nic('/vm/a', true, [
			[false, '10.0.0.1'],
			[true, '10.0.0.2'],
		]),
		nic('/vm/b', true, [[true, 'evil.example']]),
	];
	assert.deepEqual([...privateAddresses(all)], [['/vm/a', '10.0.0.2']]);
	const address = { properties: { ipAddress: '203.0.113.7', ipConfiguration: { id: '/VM/A/NIC/1' } } };
	assert.deepEqual([...publicAddresses(all, [address, {}])], [['/vm/a', '203.0.113.7']]);
});

test('whatever Azure answers, nothing throws', () => {
	fc.assert(
		fc.property(fc.jsonValue(), fc.boolean(), (value, flexible) => {
			for (const one of [value, { id: 'x', name: 'y', properties: value }]) {
				const vm = vmOf(one, flexible);
				if (vm !== null) memberOf(vm, { host: '', port: 1 });
				privateAddresses([one]);
				publicAddresses([one], [one]);
			}
		}),
	);
});
