/** A provider over a fake of a platform, as the tests of the suite begin with. */
import type { HeldBack } from '../provider.ts';
import { TestingWatcher, until } from '../testing-watcher.ts';
import { PlatformProvider } from './platform-provider.ts';
import type { PlatformSettings } from './settings.ts';
import type { PlatformFake } from './testing-platform-fake.ts';

/** Quick, so that a suite takes seconds. */
export const SUITE_SETTINGS: Partial<PlatformSettings> = {
	pollMs: 60,
	limitMs: 800,
	retryMs: 20,
	batchMs: 10,
	holdMs: [400, 800],
	stuckMs: 400,
};

/** Of `trouble`: the size can be changed. */
export const FREE: HeldBack = { out: null, in: null };

export interface StageOptions {
	readonly settings?: Partial<PlatformSettings>;
	/** How late reads are in the case `lag`, ms; must be below what the adapter says as `lagMs`. Default 300. */
	readonly lagMs?: number;
}

export interface Stage {
	readonly fake: PlatformFake;
	readonly provider: PlatformProvider<{ kind: string }>;
	readonly watcher: TestingWatcher;
	/** Resolves once so many run, no more and no fewer. */
	running(count: number): Promise<void>;
	/** Drains and removes whoever is to leave, as the fleet does. */
	drain(): Promise<void>;
	/** Does so again and again, with whoever else turns up to leave. */
	drainUntil(holds: () => boolean): Promise<void>;
	kinds(): string[];
}

interface Beginning {
	readonly fake?: (fake: PlatformFake) => void;
	readonly active?: boolean;
	readonly warn?: boolean;
	readonly settings?: Partial<PlatformSettings>;
}

export class Play {
	readonly #options: StageOptions;
	readonly #make: () => Promise<PlatformFake>;
	#ends: (() => Promise<void>)[] = [];

	constructor(make: () => Promise<PlatformFake>, options: StageOptions) {
		this.#make = make;
		this.#options = options;
	}

	async begin(how: Beginning = {}): Promise<Stage> {
		const fake = await this.#make();
		how.fake?.(fake);
		const watcher = new TestingWatcher();
		const provider = new PlatformProvider({
			service: 'api',
			config: { kind: 'test' },
			settings: () => ({ ...SUITE_SETTINGS, ...this.#options.settings, ...how.settings }),
			nativeAutoscaler: how.warn ? 'warn' : 'refuse',
			open: () => fake.open(),
		});
		this.#ends.push(async () => {
			provider.close();
			await fake.close();
		});
		provider.watch(watcher);
		provider.setActive(how.active ?? true);
		const running = (count: number) =>
			until(
				() => watcher.ids('running').length === count && watcher.instances.size === count,
				() => [count, [...watcher.instances.values()], watcher.events, fake.changes],
			);
		const drain = async (): Promise<void> => {
			await until(
				() => watcher.ids('leaving').length > 0,
				() => watcher.events,
			);
			await Promise.all(watcher.ids('leaving').map((id) => provider.remove(id, Date.now() + 5000)));
		};
		const drainUntil = (holds: () => boolean): Promise<void> =>
			until(
				() => {
					for (const id of watcher.ids('leaving')) void provider.remove(id, Date.now() + 5000);
					return holds();
				},
				() => [[...watcher.instances.values()], watcher.events, fake.changes],
			);
		return { fake, provider, watcher, running, drain, drainUntil, kinds: () => watcher.events.map(({ kind }) => kind) };
	}

	async end(): Promise<void> {
		for (const end of this.#ends.splice(0)) await end();
	}
}

export const told = (stage: Stage, kind: string): Promise<void> =>
	until(
		() => stage.kinds().includes(kind),
		() => [kind, stage.watcher.events, stage.fake.changes],
	);

export const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
