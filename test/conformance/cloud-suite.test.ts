/** Azure and Google Cloud pass the suite of all platforms. */
import { AzurePlatform } from '../../src/instances/azure/azure-platform.ts';
import { GcpPlatform } from '../../src/instances/gcp/gcp-platform.ts';
import { platformSuite } from '../../src/instances/platform/testing-platform-suite.ts';
import { FakeAzure, RESOURCE_GROUP, SCALE_SET, SUBSCRIPTION } from '../fakes/azure/fake-azure.ts';
import { CloudPlatformFake } from '../fakes/cloud-platform-fake.ts';
import { FakeGcp, GROUP, PROJECT } from '../fakes/gcp/fake-gcp.ts';

const TIMES = { size: 3, startMs: 30, endMs: 30 };
const LAG_MS = 1500;

async function azure(flexible: boolean): Promise<CloudPlatformFake> {
	const fake = new FakeAzure({ ...TIMES, flexible });
	const { server, group } = fake;
	await server.listen();
	const names = { scaleSet: SCALE_SET, subscription: SUBSCRIPTION, resourceGroup: RESOURCE_GROUP };
	const config = { kind: 'azure', ...names, port: 8080, address: 'private', endpoint: server.url, sizes: [] } as const;
	const set = 'Microsoft.Compute/virtualMachineScaleSets';
	return new CloudPlatformFake({
		server,
		group,
		actions: { read: `${set}/read`, resize: `${set}/write`, remove: `${set}/delete/action` },
		open: () =>
			new AzurePlatform({ ...config, sizes: [] }, { tokens: server.tokens, lagMs: LAG_MS, autoscalerEveryMs: 0 }),
		autoscaler: (name) => {
			fake.autoscaler = name;
		},
		quota: (members) => {
			fake.quota = members;
		},
		vanish: () => {
			fake.gone = true;
		},
	});
}

async function gcp(regional: boolean): Promise<CloudPlatformFake> {
	const fake = new FakeGcp({ ...TIMES, regional });
	const { server, group, place } = fake;
	await server.listen();
	const where = { group: GROUP, project: PROJECT, place, port: 8080 };
	const config = { kind: 'gcp', ...where, address: 'internal', endpoint: server.url } as const;
	const update = 'compute.instanceGroupManagers.update';
	return new CloudPlatformFake({
		server,
		group,
		actions: { read: 'compute.instanceGroupManagers.get', resize: update, remove: update },
		open: () => new GcpPlatform({ ...config, machineTypes: [] }, { tokens: server.tokens, lagMs: LAG_MS }),
		autoscaler: (name) => {
			fake.autoscalerName = name ?? fake.autoscalerName;
			fake.autoscaler = name === null ? null : 'ON';
		},
		quota: (members) => group.capacity(members),
		vanish: () => {
			fake.gone = true;
		},
	});
}

const bounds = 'the group has no bounds of its own';
/** Several requests a look, on a machine that may be busy. */
const settings = { stuckMs: 1000 };
const cannot = { bounds, capacity: 'the size is taken, and each VM says that there is no place: gcp-platform.test.ts' };
platformSuite('a uniform scale set of Azure', () => azure(false), { cannot: { bounds }, settings });
platformSuite('a flexible scale set of Azure', () => azure(true), { cannot: { bounds }, settings });
const gcpCannot = { ...cannot, refusedGrows: 'one permission is for both' };
platformSuite('a zonal group of Google Cloud', () => gcp(false), { cannot: gcpCannot, settings });
platformSuite('a regional group of Google Cloud', () => gcp(true), { cannot: gcpCannot, settings });
