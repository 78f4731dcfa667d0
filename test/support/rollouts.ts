/** One Ballast with a versioned API, and what tests of roll-outs do with it. */
import { after, before } from 'node:test';
import type { Ended } from '../../src/app/rollout-run.ts';
import type { ServiceStatus } from '../../src/app/status.ts';
import { type Ballast, startBallast } from './ballast.ts';
import { connect } from './raw-client.ts';
import { eventually, statusOf } from './suite.ts';
import { VERSIONED_JS } from './versioned-api.ts';

export interface RolloutSuite {
	readonly ballast: Ballast;
	/** Writes the file anew, with this behind `node versioned.js`. */
	configure(version: string, changes?: Record<string, unknown>): void;
	/** Resolves at the end of the roll-out. */
	deploy(args?: Record<string, unknown>): Promise<Ended>;
	service(): Promise<ServiceStatus>;
	/** What a request is answered with: status and text. */
	ask(request: string): Promise<[number, string]>;
	/** Until only instances of this version are there, and all of them ready. */
	settled(name: string): Promise<void>;
}

/** `deploy`: of the configuration, over what is usual in tests. */
export function rolloutSuite(deploy: Record<string, unknown>, changes: Record<string, unknown> = {}): RolloutSuite {
	let ballast: Ballast | undefined;
	const config = (version: string, more: Record<string, unknown> = {}) => ({
		workers: 2,
		stop: '2s',
		services: {
			app: {
				instances: { run: `node versioned.js ${version}`, grace: '3s' },
				scale: 2,
				health: { interval: '300ms' },
				// What else runs on a test machine makes one version or the other slow.
				deploy: { every: '300ms', requests: 50, latency: 'off', ...deploy },
				...changes,
				...more,
			},
		},
	});
	const running = (): Ballast => ballast as Ballast;
	const service = async (): Promise<ServiceStatus> =>
		(await statusOf(running())).services.find(({ name }) => name === 'app') as ServiceStatus;
	const ask = async (request: string): Promise<[number, string]> => {
		const client = await connect(running().port);
		client.send(request);
		const { status, text } = await client.answer({ withinMs: 10_000 }).finally(() => client.destroy());
		return [status, text];
	};
	before(async () => {
		ballast = await startBallast(config('one'), { files: { 'versioned.js': VERSIONED_JS } });
		await eventually(service, ({ ready }) => ready === 2, 10_000);
	});
	after(async () => {
		await ballast?.stop();
	});
	return {
		get ballast() {
			return running();
		},
		configure: (version, more) => running().configure(config(version, more)),
		deploy: (args = {}) => running().control('deploy', { service: 'app', ...args }) as Promise<Ended>,
		service,
		ask,
		async settled(name) {
			const whole = ({ instances, rollout }: ServiceStatus) =>
				rollout === null && instances.length === 2 && instances.every(({ state }) => state === 'ready');
			await eventually(service, whole, 15_000);
			const said = async () => (await ask('GET /hits HTTP/1.1\r\nHost: test\r\n\r\n'))[1];
			for (let i = 0; i < 4; i++) await eventually(said, (text) => text.includes(`"name":"${name}"`), 5000);
		},
	};
}
