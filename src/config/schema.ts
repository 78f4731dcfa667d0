/** The whole of what a person may write: the features' schemas, composed. */
import { z } from 'zod';
import { alertsSchema, channelsSchema, heartbeatSchema, maintenanceSchema } from '../alerts/config.ts';
import { balanceSchema } from '../balancing/config.ts';
import { failoverSchema } from '../balancing/failover-config.ts';
import { cacheSchema, nodeCacheSchema } from '../cache/config.ts';
import { cdnLoopSchema, cdnSchema, purgeSchema } from '../cdn/config.ts';
import { duration, integer, key, list, map, notEmpty, object, oneOf, required, text } from '../core/schema.ts';
import { deploySchema } from '../deploy/config.ts';
import { compressSchema } from '../gateway/compress/compress-config.ts';
import {
	limitsKeys,
	listenHost,
	listenPort,
	listenSchema,
	underscoresSchema,
	upstreamSchema,
} from '../gateway/config.ts';
import { parseListen } from '../gateway/config-syntax.ts';
import { filesSchema } from '../gateway/files/files-config.ts';
import {
	policyKeys as gatewayPolicies,
	matchSchema,
	redirectSchema,
	respondSchema,
	routeMatchSchema,
} from '../gateway/route-schema.ts';
import { trustSchema } from '../gateway/trust-config.ts';
import { healthSchema } from '../health/config.ts';
import { outliersSchema, slowStartSchema } from '../health/outlier-config.ts';
import { instancesSchema } from '../instances/config.ts';
import { jobsSchema, offloadSchema } from '../jobs/config.ts';
import { logsSchema } from '../logs/config.ts';
import { metricsSchema, objectiveSchema } from '../metrics/config.ts';
import { exportSchema } from '../otlp/export-config.ts';
import { receiveSchema } from '../otlp/receive-config.ts';
import { presetKeys } from '../presets/heygen/config.ts';
import { stateSchema } from '../redis/config.ts';
import { breakerSchema, retryBudgetSchema } from '../resilience/config.ts';
import { concurrencySchema, overloadSchema, prioritySchema } from '../resilience/overload-config.ts';
import { rateLimitSchema } from '../resilience/rate-limit-config.ts';
import { scaleSchema } from '../scaling/config.ts';
import { storeSchema } from '../store/config.ts';
import { tracesSchema } from '../traces/config.ts';
import { poolsSchema, scrapeKey } from './pool-schema.ts';

const poolKeys = {
	health: key(healthSchema, 'How instances are probed. A path is a GET of it; `tcp` only connects.', {
		default: 'tcp',
		example: '/healthz',
	}),
	outliers: key(
		outliersSchema,
		'Takes out instances whose requests fail, or are slow, although their probes are good; `off` never does.',
		{ defaultText: 'on, with the values below', example: { failures: 10, ejection: '10s' } },
	),
	slowStart: key(
		slowStartSchema,
		'Time in which an instance that is new, or back, gets from a tenth of its weight to all of it.',
		{ default: 'off', example: '10s' },
	),
	balance: key(balanceSchema, 'How the instance of a request is chosen.', {
		default: 'least-connections',
		example: { by: 'consistent-hash', key: 'header:x-tenant' },
	}),
	failover: key(
		failoverSchema,
		'When the traffic moves from the pools of one priority to those of the next, of a service with several `pools`. A share is the `threshold`.',
		{ default: '70%', example: { threshold: '50%', warmUp: '5%' } },
	),
	scale: key(
		scaleSchema,
		'How many instances Ballast starts and keeps (of `run`; others have the number that they have).',
		{
			default: 2,
			example: { min: 2, max: 8 },
		},
	),
	upstream: key(upstreamSchema, 'Connections to the instances.', { example: { connections: 64 } }),
	retryBudget: key(
		retryBudgetSchema,
		'How many retries the service may add to its requests, over the node: a share of the requests of the last 10 s, or the floor if that is more.',
		{ default: { share: '20%', floor: 10 }, example: { share: '10%' } },
	),
	breaker: key(breakerSchema, 'Bounds of each instance. A number is the most requests in flight there.', {
		default: { inFlight: 'off', waiting: 100 },
		example: 10,
	}),
	deploy: key(
		deploySchema,
		'How `ballast deploy` has a new version take over: the steps, and what it must be as good as the old one in.',
		{ default: ['1%', '5%', '25%', '50%'], example: { steps: ['1%', '10%'], every: '5m' } },
	),
	concurrency: key(
		concurrencySchema,
		'Most requests under way at the service, over all workers; 503 above, by `priority`. `adaptive` finds the number by the latency.',
		{ default: 'off', example: 'adaptive' },
	),
};

const policyKeys = {
	...gatewayPolicies,
	rateLimit: key(
		rateLimitSchema,
		'How many requests a client may send; 429 above. What a service says holds for all its routes together. `inherit` in a list stands for what is inherited.',
		{ default: 'off', example: '100/s' },
	),
	priority: key(
		prioritySchema,
		'Which requests give way first when the service or the node has too much to do: low before normal before high.',
		{ default: 'normal', example: { header: 'x-priority', default: 'low' } },
	),
	cache: key(
		cacheSchema,
		'Answers are stored and given again, by RFC 9111; `{}` is that and no more. What a route says is laid over what its service says.',
		{ default: 'off', example: { ttl: '60s' } },
	),
	cdn: key(
		cdnSchema,
		'How long a CDN in front may keep answers, and browsers, where the API says nothing of it; and how it gets their tags.',
		{ default: 'off', example: { maxAge: '1h', staleWhileRevalidate: '30s', tags: 'Cache-Tag' } },
	),
	compress: key(
		compressSchema,
		'Answers that come plain are compressed for clients that like it: stored ones once, others on their way. Not for answers that hold a secret beside what a stranger may choose (BREACH).',
		{ default: 'off', example: true },
	),
	offload: key(
		offloadSchema,
		'Slow requests become durable jobs: they are answered 202 once they are safely stored, and carried out behind it. What a route says is laid over what its service says.',
		{ default: 'off', example: { when: 'always', upstreamKey: {} } },
	),
	objective: key(
		objectiveSchema,
		'What is promised of each route: how many requests succeed, and how many are fast enough. A share is the `availability`. What is left of the error budget, and how fast it is spent, are the figures `slo.budget` and `slo.burn`.',
		{ default: 'off', example: { availability: '99.9%', latency: { target: '300ms', share: '99%' } } },
	),
};

const limitsSchema = object({
	...limitsKeys,
	overload: key(overloadSchema, 'When a worker refuses requests because it has too much to do itself; 503.', {
		default: { lag: '500ms', heap: '90%' },
		example: { lag: '1s' },
	}),
});

const answerKeys = {
	respond: key(respondSchema, 'A fixed answer: a status, a text, or both with header fields.', {
		defaultText: 'none',
		example: { status: 503, body: 'Back at noon' },
	}),
	redirect: key(redirectSchema, 'A redirect.', { defaultText: 'none', example: 'https://example.com$path$query' }),
	files: key(
		filesSchema,
		'A folder of files that Ballast serves itself, as it would a request to `/` within it; see `strip`.',
		{
			defaultText: 'none',
			example: { folder: './public', immutable: '/assets/*', precompressed: ['br', 'gzip'] },
		},
	),
};

export const defaultsSchema = object({ ...policyKeys, ...poolKeys });

export const routeSchema = object({
	match: key(routeMatchSchema, 'What the route takes. With it, the name of the route is only a name.', {
		defaultText: 'the name of the route',
		example: { path: '/v1/*', header: 'x-beta' },
	}),
	...answerKeys,
	...policyKeys,
});

export const serviceSchema = object({
	match: key(matchSchema, 'What the service takes. The most specific match wins, whatever the order.', {
		defaultText: 'everything',
		example: { host: 'api.example.com', path: '/v1/*' },
	}),
	...presetKeys,
	instances: key(
		instancesSchema,
		'Where its instances come from. Only a service whose answers are all fixed, or files, has none.',
		{
			defaultText: 'none',
			example: { run: 'node server.js', cwd: './api' },
		},
	),
	pools: key(
		poolsSchema,
		'Several pools of instances, by name, instead of `instances`: the traffic goes to those of the first priority, and to the next when they lack ready instances.',
		{
			defaultText: 'one pool, of `instances`',
			example: {
				primary: { instances: { run: 'node server.js' } },
				standby: { instances: 'http://10.1.0.5:8080', priority: 2 },
			},
		},
	),
	scrape: scrapeKey,
	...poolKeys,
	routes: key(
		map(routeSchema, 'routes'),
		'Policies for a part of the service. The name is `METHOD /path`, several methods with commas, or a path alone.',
		{
			defaultText: 'none',
			example: { 'GET /v1/avatars': { timeouts: { firstByte: '10s' } } },
		},
	),
	...answerKeys,
	...policyKeys,
});

const services = required(map(serviceSchema, 'services').optional(), 'The APIs, by name.', {
	example: { videos: { match: '/v1/*', instances: { run: 'node server.js' } } },
});
const glob = text('a path or glob such as services/*.yaml', notEmpty('a path or glob such as services/*.yaml'), 'glob');
const schemaLink = key(
	z.string({ error: 'expected a link to a JSON Schema' }),
	'Link to the JSON Schema, for editors; not read.',
	{
		example: './node_modules/ballast/dist/schema.json',
	},
);
const version = key(z.literal(1, { error: 'expected 1, the only version of this format' }), 'Version of this format.', {
	default: 1,
	example: 1,
});
const adminText = text(
	'a port, an address and port such as 127.0.0.1:9900, or off',
	(value) => {
		const found = value === 'off' ? undefined : parseListen(value);
		return typeof found === 'string'
			? 'expected a port, an address and port such as 127.0.0.1:9900, or off'
			: undefined;
	},
	'address:port',
);
const grace = duration(0);

export const configSchema = object({
	$schema: schemaLink,
	version,
	include: key(
		oneOf([glob, list(glob, 'globs')], 'a glob or a list of globs'),
		'Files that hold more `services`, seen from the folder of this file.',
		{
			defaultText: 'none',
			example: 'services/*.yaml',
		},
	),
	listen: key(listenSchema, 'Where clients reach Ballast.', {
		default: 8080,
		example: [{ port: 8080, host: '0.0.0.0' }],
	}),
	admin: key(
		oneOf(
			[
				z.literal(false, { error: 'expected false' }),
				listenPort,
				adminText,
				object({
					host: key(listenHost, 'Its address.', { default: '127.0.0.1', example: '127.0.0.1' }),
					port: key(listenPort, 'Its port.', { default: 9900, example: 9901 }),
				}),
			],
			'a port, an address and port such as 127.0.0.1:9900, an object with host, port, or off',
		),
		'The listener for `/live` and `/ready`; keep it off the public network.',
		{ default: 9900, example: 'off' },
	),
	workers: key(integer(1, 32), 'Threads that serve requests.', {
		defaultText: 'the number of cores, at most 32',
		example: 4,
	}),
	limits: key(limitsSchema, 'Limits of the whole node. (The limit of bodies is a policy: `defaults.limits.body`.)', {
		example: { connections: 50_000 },
	}),
	underscores: key(
		underscoresSchema,
		'Request header fields with `_` in their name: many programs take `_` for `-`, so they are dropped.',
		{
			default: 'drop',
			example: 'pass',
		},
	),
	trust: key(
		trustSchema,
		'Proxies and CDNs in front of Ballast whose `Forwarded` and `X-Forwarded-*` are believed; `private` stands for all private ranges and loopback.',
		{ default: [], example: ['10.0.0.0/8', { file: './cloudflare-ips.txt', header: 'CF-Connecting-IP' }] },
	),
	cdnLoop: key(
		cdnLoopSchema,
		"This node's name in `CDN-Loop` (RFC 8586): it is added to requests that go to instances, and a request that has it already gets 508. Another one on each node.",
		{ defaultText: 'none: loops are not looked for', example: 'edge-1' },
	),
	purge: key(purgeSchema, 'Who may purge by HTTP, and which CDNs are told of each purge.', {
		defaultText: '`ballast purge` only, and nobody is told',
		example: {
			token: { env: 'BALLAST_PURGE_TOKEN' },
			targets: { cloudflare: { zone: '023e105f4ecef8ad9ca31a8372d0c353', token: { env: 'CLOUDFLARE_API_TOKEN' } } },
		},
	}),
	stop: key(
		oneOf(
			[
				grace,
				object({
					grace: key(grace, 'Time for requests that are under way, and for instances to end.', {
						default: '30s',
						example: '10s',
					}),
				}),
			],
			'a duration such as 30s or an object with grace',
		),
		'What happens when Ballast ends.',
		{ default: '30s', example: { grace: '10s' } },
	),
	alerts: key(
		alertsSchema,
		'Rules that raise alerts, by name. Those of the default set are on; `defaults: off` switches them all off, `NAME: off` one of them.',
		{
			defaultText: 'the default set',
			example: { slow: { service: 'videos', when: 'p95 > 500ms for 1m', notify: ['slack'] } },
		},
	),
	channels: key(channelsSchema, 'Who is told of alerts, by name.', {
		defaultText: 'nobody',
		example: { slack: { url: { env: 'SLACK_WEBHOOK_URL' } } },
	}),
	maintenance: key(maintenanceSchema, 'Times in which alerts are shown but not told.', {
		defaultText: 'none',
		example: ['0 2 * * 0 for 2h'],
	}),
	heartbeat: key(
		heartbeatSchema,
		'A URL that is called while the alerts are looked at, for somebody who notices when that ends.',
		{
			defaultText: 'none',
			example: { url: { env: 'HEARTBEAT_URL' } },
		},
	),
	store: key(
		storeSchema,
		'Where everything that lasts is kept: logs, figures, traces, the state of alerts. `off`: figures of the last hour are in memory, and nothing else.',
		{ defaultText: 'a folder of your own, see below', example: './data' },
	),
	logs: key(logsSchema, 'The access log, what is redacted, how long logs are kept, and where they are passed on to.', {
		example: { access: './access.log' },
	}),
	traces: key(
		tracesSchema,
		'Which traces are kept. A share is the `sample`. `traceparent` is sent on all the same when this is off.',
		{ default: { sample: '1%', slow: '1s' }, example: { sample: '10%', restart: 'untrusted' } },
	),
	export: key(exportSchema, 'Where metrics, logs and traces are pushed to by OTLP, by name.', {
		defaultText: 'nowhere',
		example: { newrelic: { preset: 'newrelic', key: { env: 'NEW_RELIC_LICENSE_KEY' } } },
	}),
	receive: key(
		receiveSchema,
		'Where metrics, logs and traces of instances and of other machines are received by OTLP/HTTP. `on` is port 4318 of this machine.',
		{ default: 'off', example: { port: 4318 } },
	),
	jobs: key(jobsSchema, 'The jobs that `offload` makes.', { example: { path: '/v1/jobs' } }),
	cache: key(nodeCacheSchema, 'Where stored answers are kept.', { example: { memory: '1GiB' } }),
	state: key(stateSchema, 'What several nodes share, and where.', {
		defaultText: 'nothing: each node is by itself',
		example: { redis: { url: { env: 'REDIS_URL' } } },
	}),
	metrics: key(metricsSchema, 'What is measured, and how long it is kept.', {
		defaultText: 'the values below',
		example: { apdex: '200ms' },
	}),
	defaults: key(defaultsSchema, 'What services have that say nothing of it themselves.', {
		example: { timeouts: { firstByte: '60s' } },
	}),
	services,
});

/** A file that `include` names. */
export const includedSchema = object({ $schema: schemaLink, version, services });

export type UserConfig = z.input<typeof configSchema>;
export type UserService = z.input<typeof serviceSchema>;
export type UserRoute = z.input<typeof routeSchema>;
export type UserDefaults = z.input<typeof defaultsSchema>;
