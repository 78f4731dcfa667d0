/** The official SDK speaks to the fake of Azure, too: two clients that know nothing of one another check it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComputeManagementClient } from '@azure/arm-compute';
import { FakeAzure, RESOURCE_GROUP, SCALE_SET, SUBSCRIPTION } from '../fakes/azure/fake-azure.ts';

for (const flexible of [false, true]) {
	test(`@azure/arm-compute and a ${flexible ? 'flexible' : 'uniform'} scale set`, async () => {
		const fake = new FakeAzure({ size: 22, startMs: 20, endMs: 20, flexible });
		await fake.server.listen();
		try {
			const client = clientOf(fake);
			const scaleSet = await client.virtualMachineScaleSets.get(RESOURCE_GROUP, SCALE_SET);
			assert.equal(scaleSet.sku?.capacity, 22);
			assert.equal(scaleSet.orchestrationMode, flexible ? 'Flexible' : 'Uniform');
			assert.equal((await powersOf(client, fake)).length, 22);
			assert.deepEqual([...new Set(await powersOf(client, fake))], ['PowerState/running']);

			const patience = { updateIntervalInMs: 10 };
			const grown = await client.virtualMachineScaleSets.update(
				RESOURCE_GROUP,
				SCALE_SET,
				{ sku: { capacity: 24 } },
				patience,
			);
			assert.equal(grown.sku?.capacity, 24);
			const instanceIds = flexible ? fake.group.names.slice(0, 2) : ['0', '1'];
			await client.virtualMachineScaleSets.deleteInstances(RESOURCE_GROUP, SCALE_SET, { instanceIds }, patience);
			assert.equal(fake.group.size, 22);
			assert.equal((await powersOf(client, fake)).length, 22);

			fake.group.capacity(22);
			await assert.rejects(
				async () =>
					await client.virtualMachineScaleSets.update(RESOURCE_GROUP, SCALE_SET, { sku: { capacity: 30 } }, patience),
				/AllocationFailed|Allocation failed/,
			);
			fake.server.deny('Microsoft.Compute/virtualMachineScaleSets/read');
			await assert.rejects(client.virtualMachineScaleSets.get(RESOURCE_GROUP, SCALE_SET), {
				code: 'AuthorizationFailed',
			});
			assert.deepEqual(fake.server.violations, []);
		} finally {
			await fake.server.close();
		}
	});
}

async function powersOf(client: ComputeManagementClient, fake: FakeAzure): Promise<(string | undefined)[]> {
	const powers: (string | undefined)[] = [];
	const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/${SCALE_SET}`;
	const all = fake.flexible
		? client.virtualMachines.list(RESOURCE_GROUP, {
				filter: `'virtualMachineScaleSet/id' eq '${id}'`,
				expand: 'instanceView',
			})
		: client.virtualMachineScaleSetVMs.list(RESOURCE_GROUP, SCALE_SET, { expand: 'instanceView' });
	for await (const vm of all)
		powers.push(vm.instanceView?.statuses?.find(({ code }) => code?.startsWith('PowerState/'))?.code);
	return powers;
}

function clientOf(fake: FakeAzure): ComputeManagementClient {
	const credential = { getToken: async () => ({ token: 'none', expiresOnTimestamp: Date.now() + 3_600_000 }) };
	const client = new ComputeManagementClient(credential, SUBSCRIPTION, {
		endpoint: fake.server.url,
		allowInsecureConnection: true,
		retryOptions: { maxRetries: 0 },
	});
	// Its own policy sends no token without TLS.
	client.pipeline.removePolicy({ name: 'bearerTokenAuthenticationPolicy' });
	client.pipeline.addPolicy({
		name: 'fakeToken',
		sendRequest: (request, next) => {
			request.headers.set('authorization', `Bearer ${fake.server.token}`);
			return next(request);
		},
	});
	return client;
}
