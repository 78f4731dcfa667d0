/** A change of the configuration, and what it does to what runs. */

export interface Change {
	kind: 'added' | 'removed' | 'changed';
	what: 'node' | 'listener' | 'service' | 'pool' | 'route' | 'instance';
	/** Key path as in a file: `services.videos.timeouts.firstByte`. */
	path: string;
	/** Secrets masked; null where nothing was, or the whole is named by its path. */
	before: string | null;
	after: string | null;
	/** One sentence without a full stop. */
	effect: string;
}

const COMES: Record<Change['what'], string> = {
	node: 'takes effect at once',
	listener: 'the listener is opened',
	service: 'its instances are started; it takes requests once one is ready',
	pool: 'its instances are started; it takes its share once one is ready',
	route: 'policy only: it holds from the next request',
	instance: 'the instance is added once it is ready',
};

const GOES: Record<Change['what'], string> = {
	node: 'takes effect at once',
	listener: 'the listener is closed; its connections end after their next answer',
	service: 'it takes no more requests; its instances are drained, then stopped',
	pool: 'it takes no more requests once another pool can; its instances are drained, then stopped',
	route: 'policy only: it holds from the next request',
	instance: 'the instance is drained, then removed',
};

const POLICY = 'policy only: it holds from the next request';
const SHARES = 'the traffic is shared out anew; no instance is replaced';
const LIMIT = 'holds from the next request; a limit that changed begins anew';
const REPLACED = 'instances are replaced one by one';

/** By the first keys below a service or a pool; the longest that fits. */
const OF_SERVICE: [string, string][] = [
	['instances.grace', 'holds for the next instance that is stopped'],
	['instances.start', 'holds for the next instance that is started'],
	['instances.resolve', 'holds from the next look-up'],
	['instances.resolver', 'holds from the next look-up'],
	['instances.family', 'instances are looked up again; those that are no more are drained'],
	['instances.dns', 'instances are looked up again; those that are no more are drained'],
	['instances.targetGroups', 'takes effect at the next look at the group'],
	['instances.lifecycleHook', 'takes effect at the next look at the group'],
	['instances.protect', 'takes effect at the next look at the group'],
	['instances.instanceTypes', 'holds for the next size that is applied'],
	['instances.machineTypes', 'holds for the next size that is applied'],
	['instances.profile', 'credentials are read anew'],
	['instances.run', REPLACED],
	['instances.cwd', REPLACED],
	['instances.env', REPLACED],
	['instances.user', REPLACED],
	['instances', 'the new instances are added, then the old ones are drained and stopped'],
	['priority', SHARES],
	['weight', SHARES],
	['failover', SHARES],
	['region', 'holds for the next `ballast drain --region`'],
	['scale.min', 'instances are started or stopped until their number fits'],
	['scale.max', 'instances are started or stopped until their number fits'],
	['scale.size.cpu', 'instances are held to it as they run'],
	['scale.size', REPLACED],
	['scale', 'holds from the next decision'],
	['health', 'holds from the next probe; what is known of the instances is kept'],
	['outliers', 'holds from the next look at the instances, a second at most; what is ejected stays so'],
	['slowStart', 'holds for instances that become ready from now on'],
	['balance', POLICY],
	['rateLimit', LIMIT],
	['deploy', 'holds for the next roll-out'],
	['cache', 'holds from the next request; what is stored stays'],
	['offload', 'holds from the next request; jobs that there are go by it from their next attempt on'],
	['objective', 'holds from now on; what was spent of the error budget is kept'],
	['concurrency', 'holds from the next request; what `adaptive` has found is kept'],
	['upstream', 'holds for new connections to the instances'],
];

const OF_NODE: [string, string][] = [
	['alerts', 'holds from the next look; alerts of rules that stay the same go on'],
	['channels', 'holds from the next notification; what waits at a channel that stays is sent'],
	['heartbeat', 'takes effect at once'],
	['maintenance', 'takes effect at once'],
	['admin', 'the admin listener is closed and opened anew'],
	['workers', 'workers are started, or drained and stopped'],
	['limits.overload', 'takes effect at once'],
	['limits', 'holds for new connections'],
	['cache.warm', 'holds from the next end'],
	['cache.disk.size', 'takes effect at once'],
	['cache.disk.from', 'holds for what is stored from now on'],
	['cache.redis', 'holds from the next request; what is in memory stays'],
	['cache', 'the cache begins anew, empty'],
	['state', 'connections to Redis are made anew'],
	['jobs.store', 'holds from the next start of Ballast; jobs that are kept elsewhere stay there'],
	['jobs', 'takes effect at once; the jobs that there are stay'],
	['metrics', 'takes effect at once; what was measured is kept'],
	['store', 'what is kept from now on goes there; what was kept stays where it is'],
	['logs', 'holds for what is logged from now on'],
	['traces', 'holds for requests from now on'],
	['export', 'takes effect at once'],
	['receive', 'takes effect at once'],
	['stop', 'holds when Ballast ends'],
	['trust', 'holds for new connections'],
	['cdnLoop', POLICY],
	['purge', 'holds from the next purge; what waits at a target that stays is sent'],
	['underscores', POLICY],
];

export function changeEffect(kind: Change['kind'], what: Change['what'], path: readonly string[]): string {
	if (kind === 'added') return COMES[what];
	if (kind === 'removed') return GOES[what];
	if (what === 'listener') return 'new connections use the new certificates and versions; those that are open stay';
	if (what === 'instance') return 'holds from the next request; no instance is replaced';
	if (what === 'route') return path[4] === 'rateLimit' ? LIMIT : POLICY;
	const [table, keys] = what === 'node' ? [OF_NODE, path] : [OF_SERVICE, path.slice(what === 'pool' ? 4 : 2)];
	const key = keys.join('.');
	return table.find(([prefix]) => key === prefix || key.startsWith(`${prefix}.`))?.[1] ?? POLICY;
}
