/** Tries each platform of a configuration once, and changes nothing there. */
import type { Config } from '../config/config.ts';
import type { PlatformConfig } from '../instances/config.ts';
import { isPlatform } from '../instances/kinds.ts';
import { tellPermissions } from '../instances/platform/missing-permissions.ts';
import { asPlatformError, callPlatform, wordsOf } from '../instances/platform/platform-call.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import { openPlatform } from './open-platform.ts';
import { changesSizes } from './scaling/policy-facts.ts';
import { scaledName } from './scaling/scaled-name.ts';

export interface PlatformCheck {
	/** `videos`, `videos/standby`. */
	pool: string;
	/** What it acts on: `deployment shop/api`. */
	target: string;
	/** null: it could not be read. */
	found: { desired: number; running: number } | null;
	/** Sentences, with the permission that is needed where one is missing; empty: all is well. */
	problems: string[];
	/** Sentences on what could not be tried; no problem by themselves. */
	notes: string[];
}

/** Most time for one platform, ms: a first look opens connections and fetches tokens. */
const LIMIT_MS = 30_000;

/** In the order of the configuration. */
export async function checkPlatforms(config: Config, limitMs: number = LIMIT_MS): Promise<PlatformCheck[]> {
	const each = config.services.flatMap((service) =>
		service.pools.flatMap(({ instances, ...pool }) =>
			isPlatform(instances)
				? [{ name: scaledName(service, { instances, ...pool }), instances, scale: pool.scale }]
				: [],
		),
	);
	return Promise.all(each.map(({ name, instances, scale }) => checkOne(name, { instances, scale }, limitMs)));
}

async function checkOne(
	name: string,
	{ instances, scale }: { instances: PlatformConfig; scale: ScalePolicy },
	limitMs: number,
): Promise<PlatformCheck> {
	const platform = openPlatform(name, instances);
	const { target } = platform;
	const closed = new AbortController();
	try {
		const group = await callPlatform(limitMs, closed.signal, (signal) => platform.group(signal));
		const problems: string[] = [];
		const notes: string[] = [];
		if (changesSizes(scale)) {
			const { missing, untested } = await tellPermissions(platform, limitMs, closed.signal);
			if (untested !== null) notes.push(untested);
			if (missing !== null) problems.push(missing);
			if (group.autoscaler !== null && scale.nativeAutoscaler === 'refuse')
				problems.push(
					`${target} is scaled by ${group.autoscaler} too: remove one of the two, or set \`nativeAutoscaler: warn\``,
				);
		}
		if (group.failure) problems.push(`${target}: ${wordsOf(group.failure)}`);
		const running = group.members.filter(({ life }) => life === 'running').length;
		return { pool: name, target, found: { desired: group.desired, running }, problems, notes };
	} catch (error) {
		const problem = `${target} cannot be read: ${wordsOf(asPlatformError(error))}`;
		return { pool: name, target, found: null, problems: [problem], notes: [] };
	} finally {
		closed.abort();
		platform.close();
	}
}
