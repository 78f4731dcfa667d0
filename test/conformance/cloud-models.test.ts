/** The models that the fakes of Azure and Google Cloud are held to are those that the installed packages ship. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ModelCheck } from '../fakes/cloud-models/check-model.ts';
import { derive, type Model } from '../fakes/cloud-models/derive.ts';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
const fileOf = (cloud: string) => new URL(`../fakes/${cloud}/fixtures/model.json`, import.meta.url);

for (const [cloud, name] of [
	['azure', '@azure/arm-compute'],
	['gcp', '@google-cloud/compute'],
] as const) {
	test(`the model of ${name} is what the package ships`, () => {
		const kept = (JSON.parse(readFileSync(fileOf(cloud), 'utf8')) as Model[]).find(({ from }) =>
			from.startsWith(`${name} `),
		);
		const now = derive(cloud, name, modules);
		assert.deepEqual(kept?.$defs, now.$defs, `derive it anew: node test/fakes/cloud-models/derive.ts ${cloud} FOLDER`);
	});
}

test('Azure: unknown members and wrong types fail', () => {
	const azure = new ModelCheck(fileOf('azure'));
	const update = 'virtualMachineScaleSetUpdateSerializer';
	assert.equal(azure.complain(update, { sku: { capacity: 3 } }), null);
	assert.match(azure.complain(update, { sku: { capacity: '3' } }) ?? '', /\/sku\/capacity must be number/);
	assert.match(azure.complain(update, { sku: { count: 3 } }) ?? '', /additional properties.*count/);
	assert.match(
		azure.complain('virtualMachineScaleSetVMInstanceRequiredIDsSerializer', {}) ?? '',
		/required.*instanceIds/,
	);
	const scaleSet = 'virtualMachineScaleSetDeserializer';
	assert.equal(azure.complain(scaleSet, { location: 'x', properties: { orchestrationMode: 'Uniform' } }), null);
	assert.notEqual(azure.complain(scaleSet, { location: 'x', properties: { orchestrationMode: 'Other' } }), null);
	assert.notEqual(azure.complain('NetworkInterfaceListResult', { value: [{ properties: { primary: 'yes' } }] }), null);
	assert.notEqual(azure.complain('Response', { timespan: 'x' }), null);
});

test('Google Cloud: unknown members and wrong types fail', () => {
	const gcp = new ModelCheck(fileOf('gcp'));
	assert.equal(gcp.complain('InstanceGroupManager', { targetSize: 3, id: '4711' }), null);
	assert.match(gcp.complain('InstanceGroupManager', { targetSize: 1.5 }) ?? '', /targetSize must be integer/);
	assert.match(gcp.complain('InstanceGroupManager', { id: 4711 }) ?? '', /\/id must be string/);
	assert.match(gcp.complain('InstanceGroupManager', { size: 3 }) ?? '', /additional properties/);
	const list = (currentAction: string) => ({ managedInstances: [{ currentAction }] });
	assert.equal(gcp.complain('InstanceGroupManagersListManagedInstancesResponse', list('CREATING')), null);
	assert.notEqual(gcp.complain('InstanceGroupManagersListManagedInstancesResponse', list('MAKING')), null);
	assert.notEqual(
		gcp.complain('ListTimeSeriesResponse', { timeSeries: [{ points: [{ value: { doubleValue: 'x' } }] }] }),
		null,
	);
});
