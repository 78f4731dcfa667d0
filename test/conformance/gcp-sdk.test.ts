/** The official SDK speaks to the fake of Google Cloud, too: two clients that know nothing of one another check it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import compute from '@google-cloud/compute';
import { FakeGcp, GROUP, PROJECT } from '../fakes/gcp/fake-gcp.ts';
import { sdkOptionsOf } from '../fakes/gcp/sdk-options.ts';

test('@google-cloud/compute and a zonal group', async () => {
	const fake = new FakeGcp({ size: 22, startMs: 20, endMs: 20 });
	await fake.server.listen();
	const managers = new compute.InstanceGroupManagersClient(sdkOptionsOf(fake));
	const operations = new compute.ZoneOperationsClient(sdkOptionsOf(fake));
	const instances = new compute.InstancesClient(sdkOptionsOf(fake));
	const group = { project: PROJECT, zone: fake.place.name, instanceGroupManager: GROUP };
	try {
		const [manager] = await managers.get(group);
		assert.equal(manager.targetSize, 22);
		const links: string[] = [];
		for await (const one of managers.listManagedInstancesAsync(group)) {
			assert.equal(one.instanceStatus, 'RUNNING');
			links.push(one.instance ?? '');
		}
		assert.equal(links.length, 22);
		const [instance] = await instances.get({ ...group, instance: fake.group.names[0] ?? '' });
		assert.equal(instance.networkInterfaces?.[0]?.networkIP, '10.156.0.2');
		assert.equal(instance.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP, '203.0.113.2');

		const [resized] = await managers.resize({ ...group, size: 24 });
		assert.equal(
			await ended(operations, {
				project: PROJECT,
				zone: fake.place.name,
				operation: resized.latestResponse.name ?? '',
			}),
			'DONE',
		);
		const named = links.slice(0, 2).map((link) => link.slice(link.indexOf('projects/')));
		await managers.deleteInstances({
			...group,
			instanceGroupManagersDeleteInstancesRequestResource: { instances: named },
		});
		assert.equal(fake.group.size, 22);

		fake.server.deny('compute.instanceGroupManagers.get');
		await assert.rejects(managers.get(group), /Required 'compute.instanceGroupManagers.get' permission/);
		assert.deepEqual(fake.server.violations, []);
	} finally {
		await Promise.all([managers.close(), operations.close(), instances.close()]);
		await fake.server.close();
	}
});

test('@google-cloud/compute and a regional group', async () => {
	const fake = new FakeGcp({ size: 3, startMs: 20, endMs: 20, regional: true });
	await fake.server.listen();
	const managers = new compute.RegionInstanceGroupManagersClient(sdkOptionsOf(fake));
	const group = { project: PROJECT, region: fake.place.name, instanceGroupManager: GROUP };
	try {
		await managers.resize({ ...group, size: 4 });
		const zones = new Set<string | undefined>();
		for await (const one of managers.listManagedInstancesAsync(group))
			zones.add(/zones\/([\w-]+)\//.exec(one.instance ?? '')?.[1]);
		assert.equal(zones.size, 3);
		assert.deepEqual(fake.server.violations, []);
	} finally {
		await managers.close();
		await fake.server.close();
	}
});

async function ended(
	client: InstanceType<typeof compute.ZoneOperationsClient>,
	request: { project: string; zone: string; operation: string },
): Promise<unknown> {
	for (let looks = 0; looks < 100; looks++) {
		const [{ status }] = await client.get(request);
		if (status === 'DONE') return status;
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	return 'never';
}
