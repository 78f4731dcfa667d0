import type { JobLink } from './job-scripts.ts';

const TIMEOUT_MS = 3000;

/** What of this Redis does not suit jobs that must not be lost, and what to set. */
export async function durabilityWarnings(link: JobLink, replicas: number): Promise<string[]> {
	const version = await versionOf(link);
	if (version !== null && Number.parseInt(version, 10) < 7) {
		return [`this is Redis ${version}, and jobs need 7.0, or a Valkey`];
	}
	const settings = await settingsOf(link);
	if (settings === null) {
		return [
			'Redis does not tell its settings (CONFIG GET): see that `appendonly yes` and `maxmemory-policy noeviction` are set',
		];
	}
	const connected = await replicasOf(link);
	return judge({ settings, connected, replicas });
}

/** @param of `connected`: replicas that are there; null: not known. `replicas`: that must have what is written */
export function judge(of: {
	settings: ReadonlyMap<string, string>;
	connected: number | null;
	replicas: number;
}): string[] {
	const { settings, connected, replicas } = of;
	const warnings: string[] = [];
	const is = (name: string): string => settings.get(name) ?? '';
	if (is('appendonly') !== 'yes') {
		warnings.push('Redis keeps no log of what is written, and loses jobs when it ends: set `appendonly yes`');
	} else if (
		is('appendfsync') === 'no' ||
		(is('appendfsync') !== 'always' && replicas === 0 && (connected ?? 0) === 0)
	) {
		warnings.push(
			`Redis syncs its log ${is('appendfsync') === 'no' ? 'whenever the system likes' : 'each second'}: a machine that loses power loses what came since; set \`appendfsync always\`, or have replicas and \`jobs.store.redis.replicas\``,
		);
	}
	if (is('maxmemory-policy') !== 'noeviction' && is('maxmemory') !== '0') {
		warnings.push(
			`Redis throws keys away when its memory is full (${is('maxmemory-policy')}), jobs among them: set \`maxmemory-policy noeviction\`, or keep jobs in a Redis of their own`,
		);
	} else if (is('maxmemory-policy') !== 'noeviction') {
		warnings.push(
			`\`maxmemory-policy\` is ${is('maxmemory-policy')}: once a \`maxmemory\` is set it would throw jobs away; set \`noeviction\``,
		);
	}
	if (connected !== null && connected > 0) warnings.push(...replicaWarnings(settings, connected, replicas));
	else if (replicas > 0) {
		warnings.push(
			`Redis has no replica, and \`jobs.store.redis.replicas\` asks for ${replicas}: no job is taken in until there are`,
		);
	}
	return warnings;
}

function replicaWarnings(settings: ReadonlyMap<string, string>, connected: number, replicas: number): string[] {
	const warnings: string[] = [];
	const needed = Number(settings.get('min-replicas-to-write') ?? 0);
	if (replicas === 0) {
		warnings.push(
			`Redis has ${connected} replicas, and jobs are acknowledged before those have them: a failover may lose some; set \`replicas: 1\` in \`jobs.store.redis\``,
		);
	}
	if (needed === 0) {
		warnings.push(
			'a primary that is cut off goes on writing what is lost later: set `min-replicas-to-write 1` and `min-replicas-max-lag 3`',
		);
	}
	return warnings;
}

async function settingsOf(link: JobLink): Promise<Map<string, string> | null> {
	const settings = new Map<string, string>();
	try {
		for (const pattern of ['append*', 'maxmemory*', 'min-replicas*']) {
			const answer = (await link.run('', ['CONFIG', 'GET', pattern], { timeoutMs: TIMEOUT_MS })) as string[];
			for (let at = 0; at + 1 < answer.length; at += 2) settings.set(`${answer[at]}`, `${answer[at + 1]}`);
		}
		return settings;
	} catch {
		return null;
	}
}

/** null: it is not told. A Valkey tells the one of the Redis that it stands for. */
async function versionOf(link: JobLink): Promise<string | null> {
	try {
		const text = String(await link.run('', ['INFO', 'server'], { timeoutMs: TIMEOUT_MS }));
		return /^redis_version:([\d.]+)/m.exec(text)?.[1] ?? null;
	} catch {
		return null;
	}
}

async function replicasOf(link: JobLink): Promise<number | null> {
	try {
		const text = String(await link.run('', ['INFO', 'replication'], { timeoutMs: TIMEOUT_MS }));
		return Number(/^connected_slaves:(\d+)/m.exec(text)?.[1] ?? 0);
	} catch {
		return null;
	}
}
