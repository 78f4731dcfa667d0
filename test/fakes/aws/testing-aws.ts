/** What the tests of the AWS provider share: a fake with a group, a platform on it, and waiting. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AwsPlatform } from '../../../src/instances/aws/aws-platform.ts';
import type { AwsConfig } from '../../../src/instances/aws/config.ts';
import type { PlatformGroup } from '../../../src/instances/platform/platform.ts';
import type { CloudTimes, FakeGroup } from './cloud-state.ts';
import { FakeAws } from './fake-aws.ts';
import type { Keys } from './sigv4.ts';

export const PROFILE = 'ballast-test';

export interface Bench {
	readonly fake: FakeAws;
	readonly group: FakeGroup;
	readonly config: AwsConfig;
	readonly platform: AwsPlatform;
	/** Writes other credentials into the file that the platform reads its own from. */
	writeKeys(keys: Keys): void;
	/** Looks, and does what is to be kept up, until `done`; for 3 s at most. */
	until(done: (group: PlatformGroup) => boolean): Promise<PlatformGroup>;
}

export async function bench(
	it: TestContext,
	given: { group?: Partial<FakeGroup>; config?: Partial<AwsConfig>; times?: Partial<CloudTimes> } = {},
): Promise<Bench> {
	const fake = await new FakeAws(given.times).start();
	const folder = mkdtempSync(join(tmpdir(), 'ballast-aws-'));
	const before = useCredentials(folder);
	const writeKeys = (keys: Keys): void => writeCredentials(folder, keys);
	writeKeys(fake.keys);
	const group = fake.cloud.addGroup({ name: 'api', ...given.group });
	const config = awsConfig(fake.url, given.config);
	const platform = new AwsPlatform(config);
	it.after(async () => {
		platform.close();
		await fake.close();
		setOrDelete('AWS_SHARED_CREDENTIALS_FILE', before.file);
		setOrDelete('AWS_CONFIG_FILE', before.config);
		rmSync(folder, { recursive: true, force: true });
	});
	const until = async (done: (group: PlatformGroup) => boolean): Promise<PlatformGroup> => {
		const end = Date.now() + 3000;
		for (;;) {
			const seen = await platform.group(soon());
			if (done(seen)) return seen;
			if (Date.now() > end) throw new Error(`it never came to it: ${JSON.stringify(seen)}`);
			await platform.keepUp(seen, soon());
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
	};
	return { fake, group, config, platform, writeKeys, until };
}

/** The least that a file can say, and the fake's address. */
export function awsConfig(endpoint: string, more: Partial<AwsConfig> = {}): AwsConfig {
	return {
		kind: 'aws',
		group: 'api',
		region: 'eu-central-1',
		port: 8080,
		address: 'private',
		targetGroups: [],
		lifecycleHook: null,
		instanceTypes: [],
		protect: false,
		profile: PROFILE,
		endpoint,
		...more,
	};
}

/** Has the SDK read its files in this folder. Gives what it read before. */
export function useCredentials(folder: string): { file: string | undefined; config: string | undefined } {
	const before = { file: process.env['AWS_SHARED_CREDENTIALS_FILE'], config: process.env['AWS_CONFIG_FILE'] };
	process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'credentials');
	process.env['AWS_CONFIG_FILE'] = join(folder, 'config');
	return before;
}

export function writeCredentials(folder: string, keys: Keys): void {
	writeFileSync(join(folder, 'credentials'), credentialsFile(keys));
}

/** A time limit that no test should reach. */
export function soon(): AbortSignal {
	return AbortSignal.timeout(5000);
}

export function running({ members }: PlatformGroup): number {
	return members.filter(({ life }) => life === 'running').length;
}

function credentialsFile({ accessKeyId, secretAccessKey, sessionToken }: Keys): string {
	const token = sessionToken === null ? '' : `aws_session_token = ${sessionToken}\n`;
	return `[${PROFILE}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n${token}`;
}

function setOrDelete(name: string, value: string | undefined): void {
	if (value === undefined) delete process.env[name];
	else process.env[name] = value;
}
