/** What to say of a key that is not known at its place. */
import { closest } from '../core/closest.ts';
import type { Path } from './problem.ts';

/** Keys of later versions. */
const LATER = new Set(['backup', 'cluster', 'presets', 'state']);

/** Where keys belong that are often put elsewhere. */
const BELONGS: Record<string, string> = {
	alerts: 'the top of the main file',
	apdex: '`metrics`',
	availability: '`objective`',
	azure: '`instances`',
	aws: '`instances`',
	balance: 'a service or `defaults`',
	body: '`limits` of a service, a route or `defaults`',
	burst: '`rateLimit`',
	cert: '`tls` of a listener',
	channels: 'the top of the main file',
	command: '`instances`, as `run`',
	compress: 'a service, a route or `defaults`',
	concurrency: 'a service or `defaults`',
	connect: '`timeouts`',
	cooldown: '`scale`',
	cwd: '`instances`',
	deploy: 'a service or `defaults`',
	deployment: '`kubernetes` of `instances`',
	dns: '`instances`',
	ejection: '`outliers`',
	env: '`instances`',
	entries: '`rateLimit`',
	failover: 'a service or `defaults`',
	files: 'a service or a route',
	firstByte: '`timeouts`',
	gcp: '`instances`',
	headers: 'a service, a route or `defaults`',
	health: 'a service or `defaults`',
	heap: '`limits.overload`',
	heartbeat: 'the top of the main file',
	host: 'a service, a route or `defaults`, or to `match`',
	include: 'the top of the main file',
	instances: 'a service',
	bypass: '`cache` of a service or route',
	cache: 'a service, a route or `defaults`; its memory to the top',
	memory: '`cache` at the top, or to `size` of `scale`',
	negativeTtl: '`cache` of a service or route',
	staleIfError: '`cache` of a service or route',
	staleWhileRevalidate: '`cache` of a service or route',
	ttl: '`cache` of a service or route',
	key: '`balance`, or to `tls` of a listener',
	lag: '`limits.overload`',
	kubeconfig: '`instances`',
	kubernetes: '`instances`',
	limits: 'the top, a service, a route or `defaults`',
	listen: 'the top',
	match: 'a service or a route',
	metrics: 'the top',
	max: '`scale`',
	method: '`match`',
	min: '`scale`',
	objective: 'a service, a route or `defaults`',
	outliers: 'a service or `defaults`',
	panic: '`outliers`',
	overload: 'the top-level `limits`',
	path: '`match`, or to `health`',
	port: '`listen`',
	pools: 'a service',
	rate: '`rateLimit`',
	rateLimit: 'a service, a route or `defaults`',
	priority: 'a service, a route or `defaults`',
	redirect: 'a service or a route',
	region: 'a pool of `pools`',
	respond: 'a service or a route',
	rewrite: 'a service, a route or `defaults`',
	routes: 'a service',
	run: '`instances`',
	scale: 'a service or `defaults`',
	services: 'the top',
	set: '`headers.request` or `headers.response`',
	slowStart: 'a service or `defaults`',
	statefulset: '`kubernetes` of `instances`',
	strip: 'a service, a route or `defaults`',
	timeouts: 'a service, a route or `defaults`',
	tls: 'a listener or `upstream`',
	trust: 'the top',
	upstream: 'a service or `defaults`',
	urls: '`instances`',
	weight: 'an element of `urls`, or to a pool of `pools`',
	workers: 'the top',
};

/** What others call it. */
const ELSEWHERE: Record<string, string> = {
	algorithm: 'balance',
	caching: 'cache',
	compression: 'compress',
	proxycache: 'cache',
	maxage: 'ttl',
	vary: 'key',
	args: 'run',
	backends: 'instances',
	concurrencylimit: 'concurrency',
	directory: 'cwd',
	endpoints: 'instances',
	environment: 'env',
	healthcheck: 'health',
	healthchecks: 'health',
	lbpolicy: 'balance',
	listeners: 'listen',
	loadbalancer: 'balance',
	limitreq: 'rateLimit',
	loadbalancing: 'balance',
	loadshedding: 'overload',
	locations: 'routes',
	maxconcurrency: 'concurrency',
	maxinflight: 'concurrency',
	nodes: 'instances',
	outlierdetection: 'outliers',
	panicthreshold: 'panic',
	paths: 'routes',
	ports: 'listen',
	ratelimit: 'rateLimit',
	ratelimits: 'rateLimit',
	autoscale: 'scale',
	replicas: 'scale',
	rule: 'match',
	rules: 'routes',
	server: 'instances',
	servers: 'instances',
	targets: 'instances',
	slowstartwindow: 'slowStart',
	threads: 'workers',
	throttle: 'rateLimit',
	throttling: 'rateLimit',
	warmup: 'slowStart',
	timeout: 'timeouts',
	trustedproxies: 'trust',
	uri: 'path',
	upstreams: 'instances',
	url: 'urls',
	workdir: 'cwd',
	workingdirectory: 'cwd',
};

export function isLaterKey(name: string): boolean {
	return LATER.has(name);
}

/** @param accepted the keys that are known here */
export function unknownKey(name: string, accepted: readonly string[], path: Path): string {
	if (LATER.has(name)) return 'not available in this version';
	const plain = name.toLowerCase().replaceAll(/[-_ ]/g, '');
	const near = closest(name, accepted);
	const alias = ELSEWHERE[plain];
	const included = path.length === 1 && accepted.length < 5;
	if (included && near === undefined)
		return 'unknown key: an included file holds `services` only; write this in the main file';
	const known = `accepted here: ${accepted.join(', ')}`;
	if (near !== undefined) return `unknown key; did you mean \`${near}\`? ${capital(known)}`;
	if (alias !== undefined && accepted.includes(alias))
		return `unknown key; did you mean \`${alias}\`? ${capital(known)}`;
	const place = BELONGS[name] ?? (alias === undefined ? undefined : BELONGS[alias]);
	if (place !== undefined) return `unknown key here; \`${alias ?? name}\` belongs to ${place}. ${capital(known)}`;
	return `unknown key; ${known}`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
