/** What every platform must do, asked of a `PlatformProvider` over its adapter and a stateful fake of the platform. */
import { describe, it } from 'node:test';
import type { PlatformFake } from './testing-platform-fake.ts';
import { Play, type StageOptions } from './testing-platform-stage.ts';
import { SIZE_CASES } from './testing-size-cases.ts';
import { TROUBLE_CASES } from './testing-trouble-cases.ts';

export type { PlatformFake } from './testing-platform-fake.ts';

const CASES = {
	lists: 'lists its members as instances',
	out: 'scales out',
	in: 'scales in: chosen ones leave, are drained, then removed',
	order: 'chooses who is not running first, then the youngest',
	keeps: 'keeps whom it chose when more are wanted again',
	idempotent: 'setting the same size twice is one change',
	outside: 'takes over a size that somebody else set',
	replaced: 'a member that died is replaced and not missed in the size',
	throttled: 'waits when it is throttled',
	credentials: 'reads expired credentials anew',
	lag: 'is not misled by late answers',
	partial: 'does the rest of a removal that failed halfway, and no more',
	stuck: 'says that a change is stuck',
	capacity: 'holds back when there is no room',
	fullShrinks: 'shrinks while there is no room for more',
	stuckShrinks: 'shrinks while a growth is stuck',
	refusedGrows: 'grows while a removal is refused',
	denied: 'names the permission that is missing',
	deniedRead: 'says at the start that it may not look',
	autoscaler: 'refuses beside the platform’s own autoscaler',
	warned: 'warns of the platform’s own autoscaler if told to',
	bounds: 'keeps to the bounds of the group',
	silent: 'keeps everything when the platform does not answer',
	missing: 'says that the group is not there',
	passive: 'only mirrors while passive',
	retires: 'lets go of its members and ends none when it retires',
	closes: 'closes without a leak',
} as const;

export type PlatformCase = keyof typeof CASES;

export interface PlatformSuiteOptions extends StageOptions {
	/** What the platform cannot do, with the reason. */
	readonly cannot?: Partial<Record<PlatformCase, string>>;
	/** Cases that run at a time, each with a fake of its own: they mostly wait. Default 3. */
	readonly atATime?: number;
}

const TESTS: Record<PlatformCase, (play: Play, options: StageOptions) => Promise<void>> = {
	...SIZE_CASES,
	...TROUBLE_CASES,
};

/** Declares the tests of one platform. `make`: a fresh fake with a group of three running members. */
export function platformSuite(
	name: string,
	make: () => Promise<PlatformFake>,
	options: PlatformSuiteOptions = {},
): void {
	describe(`${name} as a platform`, { concurrency: options.atATime ?? 3 }, () => {
		for (const [id, title] of Object.entries(CASES) as [PlatformCase, string][]) {
			const why = options.cannot?.[id];
			it(why === undefined ? title : `${title} (not here: ${why})`, { skip: why ?? false }, async () => {
				const play = new Play(make, options);
				try {
					await TESTS[id](play, options);
				} finally {
					await play.end();
				}
			});
		}
	});
}
