/** Other machine types for a managed instance group: a template, a roll-out, and what is refused. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import compute from '@google-cloud/compute';
import { GcpPlatform } from '../../src/instances/gcp/gcp-platform.ts';
import { PlatformProvider } from '../../src/instances/platform/platform-provider.ts';
import { rejects, until } from '../fakes/expect.ts';
import { FakeGcp, type FakeGcpParts, GROUP, PROJECT } from '../fakes/gcp/fake-gcp.ts';
import { sdkOptionsOf } from '../fakes/gcp/sdk-options.ts';

const GIB = 1024 ** 3;
const TYPES = ['n2-standard-8', 'e2-standard-2', 'e2-standard-4', 'n2-custom-4-8192'];
const FIRST = `global/instanceTemplates/${GROUP}-1`;
const fakes: FakeGcp[] = [];
const signal = AbortSignal.timeout(30_000);

afterEach(async () => {
	for (const fake of fakes.splice(0)) {
		await fake.server.close();
		assert.deepEqual(fake.server.violations, []);
	}
});

async function gcp(parts: Partial<FakeGcpParts> = {}, machineTypes: string[] = TYPES) {
	const fake = new FakeGcp({ size: 4, startMs: 20, endMs: 20, ...parts });
	await fake.server.listen();
	fakes.push(fake);
	const { place, server } = fake;
	const config = { kind: 'gcp', group: GROUP, project: PROJECT, place, port: 80, address: 'internal' } as const;
	const platform = new GcpPlatform({ ...config, endpoint: server.url, machineTypes }, { tokens: server.tokens });
	return { fake, platform };
}

const typesOf = (fake: FakeGcp) =>
	fake.group.read().vms.map(({ vm }) => fake.templates.find(vm.template)?.properties.machineType);
const made = (fake: FakeGcp) =>
	[...fake.templates.all].filter(([key]) => key !== FIRST).map(([, template]) => template);

for (const regional of [false, true]) {
	test(`${regional ? 'regional' : 'zonal'}: the smallest that fits, by a new template, new VMs first`, async () => {
		const { fake, platform } = await gcp({ regional });
		const surge = regional ? 3 : 1;
		fake.operationLooks = 1;
		assert.equal(await platform.applySize({ cpu: 3, memoryBytes: 6 * GIB }, signal), 'rolling');
		const [template, ...more] = made(fake);
		assert.deepEqual(more, []);
		assert.match(template?.name ?? '', /^videos-1-b-[0-9a-f]{10}$/);
		const first = fake.templates.all.get(FIRST);
		assert.deepEqual(template?.properties, { ...first?.properties, machineType: 'n2-custom-4-8192' });
		assert.deepEqual(fake.updatePolicy, {
			type: 'PROACTIVE',
			minimalAction: 'REPLACE',
			mostDisruptiveAllowedAction: 'REPLACE',
			replacementMethod: 'SUBSTITUTE',
			maxSurge: { fixed: surge },
			maxUnavailable: { fixed: 0 },
		});
		await until(async () => {
			const { desired, members } = await platform.group(signal);
			const running = members.filter(({ life }) => life === 'running').length;
			assert.equal(desired, 4);
			assert.ok(members.length <= 4 + 2 * surge, `${members.length} members`);
			return running === 4 && typesOf(fake).every((type) => type === 'n2-custom-4-8192');
		});
		assert.equal(await platform.applySize({ cpu: 4, memoryBytes: 8 * GIB }, signal), 'same');
		assert.equal(made(fake).length, 1);
	});
}

test('back again, and again: there are never more templates than types', async () => {
	const { fake, platform } = await gcp({ size: 1, startMs: 1, endMs: 1 });
	for (const cpu of [8, 2, 8, 2]) {
		assert.equal(await platform.applySize({ cpu, memoryBytes: GIB }, signal), 'rolling');
		await until(async () => (await platform.group(signal)).busy === null);
	}
	assert.deepEqual(typesOf(fake), ['e2-standard-2']);
	assert.equal(made(fake).length, 2);
});

test('a template of the region gets its next one in the region', async () => {
	const { fake, platform } = await gcp({ regional: true, size: 1 });
	const link = `projects/${PROJECT}/regions/europe-west3/instanceTemplates/own`;
	fake.templates.all.set('regions/europe-west3/instanceTemplates/own', {
		name: 'own',
		properties: { machineType: 'e2-standard-2' },
	});
	fake.versions = [{ instanceTemplate: link }];
	fake.group.template = link;
	fake.group.setTemplate(link);
	assert.equal(await platform.applySize({ cpu: 8, memoryBytes: null }, signal), 'rolling');
	assert.match([...fake.templates.all.keys()].at(-1) ?? '', /^regions\/europe-west3\/instanceTemplates\/own-b-/);
});

test('a type that one zone of the group lacks is not taken', async () => {
	const { fake, platform } = await gcp({ regional: true });
	const notIn = ['europe-west3-c'];
	fake.templates.types.set('n2-custom-4-8192', { guestCpus: 4, memoryMb: 8192, notIn });
	await platform.applySize({ cpu: 4, memoryBytes: null }, signal);
	assert.deepEqual(
		made(fake).map(({ properties }) => properties.machineType),
		['e2-standard-4'],
	);
});

test('what cannot be is refused before anything is made', async () => {
	const { fake, platform } = await gcp({}, ['e2-standard-4', 'e2-nonsense-4']);
	await rejects(platform.applySize({ cpu: 64, memoryBytes: GIB }, signal), {
		fault: 'bad_request',
		message: /none of `machineTypes` \(.*\) has 64 vCPUs and 1024 MiB; not in europe-west3-a: e2-nonsense-4$/,
	});
	const link = fake.versions[0]?.instanceTemplate ?? '';
	const cases: [() => void, RegExp][] = [
		[() => fake.versions.push({ name: 'canary', instanceTemplate: link }), /two versions, a canary/],
		[() => (fake.more = { status: { stateful: { hasStatefulConfig: true } } }), /is stateful/],
		[
			() => (fake.more = { instanceFlexibilityPolicy: { instanceSelections: { a: { machineTypes: ['e2-micro'] } } } }),
			/chooses its machine types itself/,
		],
	];
	for (const [change, message] of cases) {
		change();
		await rejects(platform.applySize({ cpu: 4, memoryBytes: null }, signal), { fault: 'bad_request', message });
		fake.versions = [{ instanceTemplate: link }];
		fake.more = {};
	}
	assert.deepEqual([made(fake), fake.group.template], [[], link]);
});

test('a permission, a quota: named, and the template that was made for nothing goes again', async () => {
	const { fake, platform } = await gcp();
	const four = { cpu: 4, memoryBytes: null };
	const permissions = ['get', 'create', 'useReadOnly'].map((verb) => `compute.instanceTemplates.${verb}`);
	for (const permission of [...permissions, 'compute.instanceGroupManagers.update']) {
		fake.server.deny(permission);
		await rejects(platform.applySize(four, signal), { fault: 'denied', permission });
		fake.server.allowAll();
		assert.deepEqual(made(fake), [], permission);
	}
	fake.templates.quota = 1;
	await rejects(platform.applySize(four, signal), { fault: 'capacity', message: /INSTANCE_TEMPLATES/ });
	fake.templates.quota = 2;
	// What may pass leaves the template for the next try.
	fake.conflicts = 1;
	await rejects(platform.applySize(four, signal), { fault: 'busy' });
	assert.equal(made(fake).length, 1);
	assert.equal(await platform.applySize(four, signal), 'rolling');
	assert.equal(made(fake).length, 1);
	assert.ok(typesOf(fake).includes('e2-standard-2'));
});

test('a template under that name that is another one is not used', async () => {
	const { fake, platform } = await gcp();
	fake.conflicts = 1;
	await rejects(platform.applySize({ cpu: 8, memoryBytes: null }, signal), { fault: 'busy' });
	const [template] = made(fake);
	Object.assign(template?.properties ?? {}, { labels: { team: 'somebody' } });
	await rejects(platform.applySize({ cpu: 8, memoryBytes: null }, signal), {
		fault: 'bad_request',
		message: /there is a template videos-1-b-\w+ already/,
	});
});

test('while a roll-out is under way the next one waits', async () => {
	const { fake, platform } = await gcp({ startMs: 60_000 });
	await platform.applySize({ cpu: 4, memoryBytes: null }, signal);
	await rejects(platform.applySize({ cpu: 8, memoryBytes: null }, signal), { fault: 'busy', message: /rolled out/ });
	assert.equal(await platform.applySize({ cpu: 4, memoryBytes: null }, signal), 'same');
	assert.deepEqual(
		(await platform.group(signal)).members.filter(({ life }) => life === 'running').length,
		4,
		'none goes before a new one runs',
	);
	assert.equal(made(fake).length, 1);
});

test('no place for the new type: the old VMs stay, and the group says why', async () => {
	const { fake, platform } = await gcp();
	fake.group.capacity(4);
	await platform.applySize({ cpu: 8, memoryBytes: null }, signal);
	const group = await platform.group(signal);
	assert.equal(group.failure?.fault, 'capacity');
	assert.equal(group.members.filter(({ life }) => life === 'running').length, 4);
	assert.equal(group.desired, 4);
});

test('through the provider: given once, refused with the permission until it is there', async () => {
	const { fake, platform } = await gcp({ size: 2 });
	const provider = new PlatformProvider({ service: 'api', config: { kind: 'gcp' }, open: () => platform });
	const four = { cpu: 4, memoryBytes: 8 * GIB };
	const permission = 'compute.instanceTemplates.create';
	try {
		fake.server.deny(permission);
		await rejects(provider.applySize(four), { fault: 'denied', permission });
		assert.equal(provider.permissionMissing, true);
		fake.server.allowAll();
		assert.equal(await provider.applySize(four), 'rolling');
		assert.equal(provider.permissionMissing, false);
		await until(async () => typesOf(fake).every((type) => type === 'n2-custom-4-8192'));
		assert.equal(await provider.applySize(four), 'same');
	} finally {
		provider.close();
	}
});

test('@google-cloud/compute sees the template and the roll-out, and makes one by itself', async () => {
	const { fake, platform } = await gcp({ size: 1 });
	await platform.applySize({ cpu: 4, memoryBytes: null }, signal);
	const managers = new compute.InstanceGroupManagersClient(sdkOptionsOf(fake));
	const templates = new compute.InstanceTemplatesClient(sdkOptionsOf(fake));
	try {
		const [manager] = await managers.get({ project: PROJECT, zone: fake.place.name, instanceGroupManager: GROUP });
		assert.equal(manager.updatePolicy?.maxSurge?.fixed, 1);
		const instanceTemplate = manager.versions?.[0]?.instanceTemplate?.split('/').at(-1) ?? '';
		const [template] = await templates.get({ project: PROJECT, instanceTemplate });
		assert.equal(template.properties?.machineType, 'n2-custom-4-8192');
		assert.equal(template.properties?.disks?.[0]?.boot, true);
		const copy = { name: 'copy', properties: { ...template.properties, machineType: 'n2-standard-8' } };
		await templates.insert({ project: PROJECT, instanceTemplateResource: copy });
		await managers.patch({
			project: PROJECT,
			zone: fake.place.name,
			instanceGroupManager: GROUP,
			instanceGroupManagerResource: {
				versions: [{ instanceTemplate: `projects/${PROJECT}/global/instanceTemplates/copy` }],
				updatePolicy: { type: 'PROACTIVE', minimalAction: 'REPLACE', maxSurge: { fixed: 1 } },
			},
		});
		await until(async () => typesOf(fake).join() === 'n2-standard-8');
	} finally {
		await Promise.all([managers.close(), templates.close()]);
	}
});
