import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { askedRequest } from './explain-request.ts';
import { type ControlPeer, controlPeer, says } from './testing/control-peer.ts';
import { ballast } from './testing/recorded-terminal.ts';
import { sampleStatus } from './testing/sample-status.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
const file = join(folder, 'ballast.yaml');
const peers: ControlPeer[] = [];
after(async () => {
	rmSync(folder, { recursive: true });
	for (const peer of peers) await peer.close();
});

process.env.BALLAST_CLI_TEST = 'never-shown';
writeFileSync(
	file,
	`listen: 8080
services:
  videos:
    match: [/v1/*, /healthz]
    instances: { run: node server.js --token=plain, env: { TOKEN: { env: BALLAST_CLI_TEST } } }
    health: /healthz
    balance: { by: consistent-hash, key: header:x-tenant }
    headers: { request: { set: { X-Env: prod, X-Key: { env: BALLAST_CLI_TEST } }, remove: x-internal } }
    scale: { min: 2, max: 4, perInstance: { cpu: 60% } }
    routes:
      GET /v1/avatars/:id: { timeouts: { firstByte: 5s }, strip: /v1 }
      POST /v1/render: {}
      GET /v1/gone: { respond: { status: 410, body: gone } }
      GET /v1/old: { redirect: { to: 'https://x.example$path', status: 308 } }
  legacy:
    match: { host: old.example.com, header: x-beta }
    instances: { urls: ['http://10.0.0.5:8080', { url: 'https://10.0.0.6', weight: 2 }] }
`,
);

const explain = (...argv: string[]) => ballast(['explain', ...argv, '--config', file]);

test('a request that goes to an instance: service, route, pool, policies, and the routes that do not take it', async () => {
	const { code, out, err } = await explain('/v1/avatars/7?x=1');
	assert.deepEqual([code, err], [0, '']);
	assert.equal(
		out,
		`by ${file}
GET http://127.0.0.1:8080/v1/avatars/7?x=1

service     videos
route       GET /v1/avatars/:id
takes       GET /v1/avatars/:id
pool        run node server.js --token=***, 2 to 4 instances
health      GET /healthz every 2s; out after 2 failures, in after 1
outliers    5 failures in a row: out for 30s and longer, at most 50% of a pool
balance     consistent-hash by header x-tenant, at most 1.25 × the mean load
sent as     /avatars/7?x=1, Host as the client sent it
request     sets X-Env: prod
request     sets X-Key: ***
request     removes x-internal
timeouts    connect 2s, first byte 5s, request 5m, idle 1m
retries     3 attempts on failed connect, reset, time-out, 502, 503, 504; budget 20% or 10 a second; bodies up to 64KiB
waits       up to 10s for an instance
limits      body 10MiB, 256 connections to an instance from each worker
in flight   as many as come
priority    normal

NOT              SERVICE  TAKES                          BECAUSE
*                videos   /v1/*                          it fits, but less specifically
POST /v1/render  videos   POST /v1/render                another path
GET /v1/gone     videos   GET /v1/gone                   another path
GET /v1/old      videos   GET /v1/old                    another path
*                videos   /healthz                       another path
*                legacy   old.example.com/* with x-beta  another host
`,
	);
});

/** The lines of an explanation that begin with a word. */
function line(out: string, word: string): string[] {
	return out
		.split('\n')
		.filter((text) => text.startsWith(`${word} `))
		.map((text) => text.slice(12));
}

test('several pools: each with its place in the order, and when the traffic moves', async () => {
	const several = file.replace('.yaml', '-pools.yaml');
	writeFileSync(
		several,
		`services:
  api:
    pools:
      standby: { instances: { dns: 'api.internal:80' }, priority: 2, region: us-east }
      primary: { instances: { run: node server.js }, scale: 3, region: eu-west, weight: 2 }
    failover: { threshold: 60%, warmUp: 5% }
`,
	);
	const { out } = await ballast(['explain', '/', '--config', several]);
	assert.deepEqual(line(out, 'pool'), [
		'primary (priority 1 in eu-west, ×2): run node server.js, 3 instances',
		'standby (priority 2 in us-east): dns api.internal:80, looked up every 5s',
	]);
	assert.deepEqual(line(out, 'failover'), [
		'to the next priority below 60% ready, back from 70% after 10s; the next is kept warm with 5%',
	]);
});

test('by host, header and method; fixed answers, redirects, refusals', async () => {
	const legacy = (await explain('https://OLD.example.com:443/a/../b', '--header', 'X-Beta: 1')).out;
	assert.match(legacy, /^GET https:\/\/OLD\.example\.com\/b$/m);
	assert.deepEqual(line(legacy, 'service'), ['legacy']);
	assert.deepEqual(line(legacy, 'pool'), ['http://10.0.0.5:8080, https://10.0.0.6:443 ×2']);
	const without = (await explain('old.example.com/b')).out;
	assert.deepEqual(line(without, 'answer'), ['404 no_route: no route takes it']);
	assert.match(without, /^\* +legacy +old\.example\.com\/\* with x-beta +a header is missing$/m);
	assert.deepEqual(
		line((await explain('/b', '--header', 'host: old.example.com', '--header', 'x-beta:')).out, 'service'),
		['legacy'],
	);
	assert.deepEqual(line((await explain('/v1/gone')).out, 'answer'), [
		'fixed: 410, content-type: text/plain; charset=utf-8, 4 bytes',
	]);
	assert.deepEqual(line((await explain('/v1/old')).out, 'answer'), ['308 to https://x.example$path']);
	assert.deepEqual(line((await explain('/v1/render', '--method', 'post')).out, 'route'), ['POST /v1/render']);
	assert.deepEqual(line((await explain('/v1/render')).out, 'route'), ['what no named route of videos takes']);
	assert.deepEqual(line((await explain('/', '--method', 'connect')).out, 'answer'), [
		'501 not_implemented: no route takes it',
	]);
});

test('a known path with another method is 405 with Allow', async () => {
	const only = join(folder, 'only.yaml');
	writeFileSync(only, 'services: { a: { routes: { POST /x: { respond: 204 } } } }\n');
	const { out } = await ballast(['explain', '/x', '--config', only]);
	assert.deepEqual(line(out, 'answer'), ['405 method_not_allowed: no route takes it; Allow: POST']);
});

test('the rate limits that a request meets', async () => {
	const limited = join(folder, 'limited.yaml');
	writeFileSync(
		limited,
		`trust: private
services:
  a:
    rateLimit: [{ name: per-client, rate: 100/s, burst: 200, key: ['header:x-user', route] }, { rate: 5/m, key: everyone, full: refuse }]
    routes:
      /x: { respond: 204, rateLimit: [inherit, 1/s] }
      /y: { redirect: /x }
      /z: { respond: 204, rateLimit: off }
`,
	);
	const inherited = [
		'per-client: 100/s, 200 at once, by header x-user (of trusted) and route; over all routes of the service',
		'everyone-5/m: 5/m, 5 at once, all clients together; over all routes of the service; refuses when its table is full',
	];
	const rows = async (path: string) => line((await ballast(['explain', path, '--config', limited])).out, 'rate limit');
	assert.deepEqual(await rows('/x'), [...inherited, 'address-1/s: 1/s, 1 at once, by address; of this route alone']);
	assert.deepEqual(await rows('/y'), inherited);
	assert.deepEqual(await rows('/z'), []);
	const { out } = await ballast(['explain', '/x', '--json', '--config', limited]);
	assert.deepEqual(
		JSON.parse(out).policies.rateLimit.map(({ name }: { name: string }) => name),
		['per-client', 'everyone-5/m', 'address-1/s'],
	);
});

test('what the cache does with it', async () => {
	const cached = join(folder, 'cached.yaml');
	writeFileSync(
		cached,
		`services:
  a:
    instances: http://h:1
    cache: {}
    routes:
      /x: { cache: { ttl: { 200: 1m, 404: 5s }, key: { query: { except: [u] }, headers: [x-t] } } }
      /y: { cache: off }
      /z: { cache: { override: 1m } }
`,
	);
	const rows = async (...args: string[]) =>
		line((await ballast(['explain', ...args, '--config', cached])).out, 'cache');
	assert.deepEqual(await rows('/'), ['as the origin says']);
	const said = 'as the origin says, ttl { 200: 1m, 404: 5s }, key.query { except: [u] }, key.headers [x-t]';
	assert.deepEqual(await rows('/x'), [said]);
	assert.deepEqual(await rows('/z'), ["against the origin's word, override 1m"]);
	assert.deepEqual([await rows('/y'), await rows('/x', '--method', 'POST')], [[], []]);
	const { out } = await ballast(['explain', '/x', '--json', '--config', cached]);
	assert.deepEqual(JSON.parse(out).policies.cache.key.headers, ['x-t']);
});

test('--json, and no secret in it', async () => {
	const { out } = await explain('/v1/avatars/7?x=1', '--json');
	const explained = JSON.parse(out);
	assert.equal(explained.chosen.route, 'GET /v1/avatars/:id');
	assert.deepEqual(explained.answered, { by: 'instance', target: '/avatars/7?x=1' });
	assert.equal(explained.policies.timeouts.firstByteMs, 5000);
	assert.equal(explained.others.length, 6);
	assert.deepEqual(explained.pools[0].instances.env, { TOKEN: '***' });
});

test('what runs is asked first, with its instances; else the file of the folder', async () => {
	const loaded = await loadConfig(file);
	assert.ok(loaded.ok);
	const peer = await controlPeer((request, socket) =>
		says([], request.command === 'config' ? loaded.config : sampleStatus())(request, socket),
	);
	peers.push(peer);
	const { code, out, err } = await ballast(['explain', '/v1/x', '--socket', peer.path]);
	assert.deepEqual([code, err], [0, '']);
	assert.match(out, /^by the running configuration \(\/srv\/app\/ballast\.yaml\)$/m);
	assert.match(out, /^INSTANCE +STATE +ADDRESS +IN FLIGHT\nvideos-1 +ready +127\.0\.0\.1:41001 +7\nvideos-2 +down/m);
	// Even if the core did not mask them.
	assert.doesNotMatch(out + (await ballast(['explain', '/v1/x', '--json', '--socket', peer.path])).out, /never-shown/);
	const none = await ballast(['explain', '/v1/x', '--socket', join(folder, 'none.sock')]);
	assert.deepEqual([none.code, none.out], [2, '']);
	assert.match(none.err, /there is no ballast\.config\.ts, ballast\.yaml/);
});

test('a running configuration of another version is not guessed at', async () => {
	const peer = await controlPeer(says([], { version: 2, services: {} }));
	peers.push(peer);
	const { code, err } = await ballast(['explain', '/', '--socket', peer.path]);
	assert.equal(code, 1);
	assert.match(err, /of another version/);
});

const asked = (url: string, headers: string[] = []) => askedRequest(url, { headers, defaultHost: 'd:1' });

test('URLs as clients send them', () => {
	const parts = (url: string) => {
		const { host, path, query } = asked(url);
		return [host, path, query];
	};
	assert.deepEqual(parts('/a?b#c'), ['d:1', '/a', '?b']);
	assert.deepEqual(parts('http://h.example:80'), ['h.example', '/', '']);
	assert.deepEqual(parts('https://h.example:80/'), ['h.example:80', '/', '']);
	assert.deepEqual(parts('http://[::1]:8080?q'), ['[::1]:8080', '/', '?q']);
	assert.deepEqual(parts('http://bücher.example/ü b?ü'), ['xn--bcher-kva.example', '/%C3%BC%20b', '?%C3%BC']);
	assert.deepEqual(parts('/a/%2e%2e/../b%2Fc'), ['d:1', '/b%2Fc', '']);
});

test('what is no request is said so', () => {
	const bad: [string, string[], RegExp][] = [
		['ftp://x/', [], /begins with http/],
		['http:///x', [], /has no host/],
		['http://user:pass@h/', [], /no user and password/],
		['exa mple/x', [], /is no host/],
		['/a%00', [], /400/],
		['/', ['no colon'], /--header takes a field/],
		['/', ['x: a\r\nb: c'], /--header takes a field/],
	];
	for (const [url, headers, message] of bad) assert.throws(() => asked(url, headers), message);
	assert.throws(() => askedRequest('/', { method: 'a b', headers: [], defaultHost: 'd' }), /--method takes/);
});

test('limit and priority are told', async () => {
	const path = join(folder, 'overload.yaml');
	const service = (rest: string) => `services: { app: { instances: http://h:1, ${rest} } }\n`;
	const told = async (rest: string) => {
		writeFileSync(path, service(rest));
		const { out } = await ballast(['explain', '/x', '--config', path]);
		return [/^in flight +(.*)$/m, /^priority +(.*)$/m].map((found) => found.exec(out)?.[1]);
	};
	assert.deepEqual(await told('concurrency: 10, priority: low'), ['at most 10 under way', 'low']);
	assert.deepEqual(await told('concurrency: { limit: adaptive, max: 50 }, priority: { header: X-P, from: anyone }'), [
		'adaptive, 10 to 50 under way; up to 1.5 × the latency of the uncrowded service',
		'by x-p, of anyone; else normal',
	]);
	writeFileSync(path, service('concurrency: 10, priority: low'));
	const { out } = await ballast(['explain', '/x', '--config', path, '--json']);
	const { concurrency, policies } = JSON.parse(out);
	assert.deepEqual(concurrency, { kind: 'fixed', limit: 10 });
	assert.deepEqual(policies.priority, { header: null, from: 'trusted', default: 'low' });
});

test('a route with files names the one that would be given out', async () => {
	const site = join(folder, 'site.yaml');
	writeFileSync(site, `services: { site: { files: ${folder}, strip: /assets } }\n`);
	const { code, out, err } = await ballast(['explain', '/assets/a.js', '--config', site]);
	assert.deepEqual([code, err], [0, '']);
	assert.match(out, new RegExp(`^answer +the file ${folder}/a\\.js$`, 'm'));
});
