/** The roles in the documentation are what the adapters need: no more, no less. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { AzurePlatform } from '../../src/instances/azure/azure-platform.ts';
import { GcpPlatform } from '../../src/instances/gcp/gcp-platform.ts';
import type { ChecksPermissions, KnowsUsage, Platform } from '../../src/instances/platform/platform.ts';
import { FakeAzure, RESOURCE_GROUP, SCALE_SET, SUBSCRIPTION } from '../fakes/azure/fake-azure.ts';
import { FakeGcp, GROUP, PROJECT } from '../fakes/gcp/fake-gcp.ts';

const signal = AbortSignal.timeout(20_000);
const blocksOf = (page: string, language: string) =>
	[...readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
		.filter(([, found]) => found === language)
		.map(([, , text = '']) => parse(text));

/** All that an adapter can do. */
async function exercise(platform: Platform & KnowsUsage & ChecksPermissions): Promise<void> {
	await platform.missingPermissions(signal);
	const { members } = await platform.group(signal);
	await platform.usage(
		members.map((member) => member.id),
		signal,
	);
	await platform.setDesired(3, signal);
	await platform.remove([members[0]?.id ?? ''], signal);
	await platform.group(signal);
}

for (const flexible of [false, true]) {
	test(`Azure, ${flexible ? 'flexible' : 'uniform'}`, async () => {
		const fake = new FakeAzure({ size: 2, startMs: 1, endMs: 1, flexible });
		await fake.server.listen();
		try {
			const names = { scaleSet: SCALE_SET, subscription: SUBSCRIPTION, resourceGroup: RESOURCE_GROUP };
			const where = { port: 80, address: 'public', endpoint: fake.server.url } as const;
			const sizes = [{ name: 'Standard_D4s_v5', cpu: 4, memoryBytes: 2 ** 34 }];
			const platform = new AzurePlatform({ kind: 'azure', ...names, ...where, sizes }, { tokens: fake.server.tokens });
			await exercise(platform);
			await platform.applySize({ cpu: 4, memoryBytes: null }, signal);
			const role = blocksOf('providers-azure.md', 'json').find((one) =>
				one.Name.includes(flexible ? 'flexible' : 'uniform'),
			);
			assert.deepEqual(role.Actions, [...fake.server.actions].sort());
		} finally {
			await fake.server.close();
		}
	});
}

test('Google Cloud', async () => {
	const needed = new Set<string>();
	for (const regional of [false, true]) {
		const fake = new FakeGcp({ size: 2, startMs: 50, endMs: 50, regional });
		fake.autoscaler = 'ON';
		await fake.server.listen();
		try {
			const where = { place: fake.place, port: 80, address: 'internal', endpoint: fake.server.url } as const;
			const tokens = fake.server.tokens;
			const names = { kind: 'gcp', group: GROUP, project: PROJECT } as const;
			const platform = new GcpPlatform({ ...names, ...where, machineTypes: ['e2-standard-4'] }, { tokens });
			await exercise(platform);
			fake.operationLooks = 1;
			const four = { cpu: 4, memoryBytes: null };
			fake.server.deny('compute.instanceTemplates.useReadOnly');
			await assert.rejects(platform.applySize(four, signal));
			fake.server.allowAll();
			await platform.applySize(four, signal);
			for (const action of fake.server.actions) needed.add(action);
		} finally {
			await fake.server.close();
		}
	}
	const role = blocksOf('providers-gcp.md', 'yaml').find((one) => 'includedPermissions' in one);
	assert.deepEqual(role.includedPermissions, [...needed].sort());
});
