import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { diffConfig } from './diff.ts';
import { loadConfig } from './load.ts';
import { printConfig } from './print.ts';
import { formatProblems } from './problem.ts';
import type { UserConfig, UserRoute, UserService } from './schema.ts';
import {
	cacheInput,
	cdnInput,
	compressInput,
	duration,
	filesInput,
	maybe,
	objectiveInput,
	scaleInput,
	withoutUndefined,
} from './testing/arbitrary.ts';
import { TempFiles } from './testing/temp-files.ts';

// Random configurations as people may write them, valid as a whole.

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const size = (min: number, max: number) =>
	fc.integer({ min, max }).map((bytes) => (bytes % 1024 === 0 ? `${bytes / 1024}KiB` : `${bytes}B`));
const fieldName = word.map((name) => `X-${name}`);
const fieldValue = fc.stringMatching(/^[!-~](?:[ -~]{0,10}[!-~])?$/);
const host = fc.oneof(
	word.map((name) => `${name}.example`),
	word.map((name) => `*.${name}.example:8443`),
);

const fields = fc
	.record({
		set: maybe(fc.dictionary(fieldName, fc.oneof(fieldValue, fc.integer(), fc.boolean()), { maxKeys: 3 })),
		remove: maybe(
			fc.array(
				word.map((name) => `y-${name}`),
				{ minLength: 1, maxLength: 3 },
			),
		),
	})
	.map(withoutUndefined);

// The shorter times are always below the longer ones, inherited or not.
const timeouts = fc
	.record({
		connect: maybe(duration(1, 900)),
		firstByte: maybe(duration(1000, 9000)),
		request: maybe(duration(70_000, 604_800_000)),
		idle: maybe(duration(1, 86_400_000)),
	})
	.map(withoutUndefined);

/** Names tell the levels apart: a list may hold what it inherits as well. */
const rateLimit = (level: string) => {
	const one = fc
		.record({
			name: word.map((name) => `${level}/${name}`),
			rate: fc.constantFrom('100/s', '7/90s', '5000/h', '1/m', '3/250ms'),
			burst: maybe(fc.integer({ min: 1, max: 50 })),
			key: maybe(
				fc.constantFrom('address', 'route', 'everyone', ['address', 'route'], 'header:K-Id', ['header:k', 'route']),
			),
			full: maybe(fc.constantFrom('admit' as const, 'refuse' as const)),
			entries: maybe(fc.integer({ min: 64, max: 9999 })),
		})
		.map((limit) => ({ ...limit, from: String(limit.key).includes('header') ? ('anyone' as const) : undefined }))
		.map(withoutUndefined);
	const several = fc.uniqueArray(one, { minLength: 1, maxLength: 2, selector: ({ name }) => name });
	return fc.oneof(
		fc.constantFrom('off' as const, false as const, '9/s'),
		one,
		level === 'd' ? several : several.map((own) => [...own, 'inherit' as const]),
		several,
	);
};

const policy = (level: string) => ({
	rateLimit: maybe(rateLimit(level)),
	timeouts: maybe(timeouts),
	limits: maybe(fc.record({ body: size(0, 2 ** 40) })),
	host: maybe(
		fc.oneof(
			fc.constantFrom('preserve' as const, 'instance' as const),
			word.map((name) => ({ set: `${name}.internal` })),
		),
	),
	strip: maybe(
		fc.oneof(
			fc.constantFrom('off', false as const),
			word.map((name) => `/${name}`),
		),
	),
	rewrite: maybe(
		fc.oneof(
			fc.constantFrom('off' as const, false as const),
			word.map((name) => ({ from: `^/${name}/(.*)$`, to: '/$1' })),
		),
	),
	priority: maybe(
		fc.oneof(
			fc.constantFrom('high' as const, 'normal' as const, 'low' as const),
			fc.record({
				header: fieldName,
				from: fc.constant('anyone' as const),
				default: fc.constantFrom('high' as const, 'low' as const),
			}),
		),
	),
	headers: maybe(fc.record({ request: maybe(fields), response: maybe(fields) }).map(withoutUndefined)),
	cache: maybe(cacheInput),
	cdn: maybe(cdnInput),
	compress: maybe(compressInput),
	objective: maybe(objectiveInput),
});

const url = fc
	.tuple(
		fc.constantFrom('http', 'https'),
		word,
		fc.constantFrom('', ':8443'),
		fc.stringMatching(/^(\/[\w.~!&'()*+,;=:@-]{0,6}){0,3}$/),
	)
	.map(([scheme, name, port, path]) => `${scheme}://${name}.example${port}${path}`)
	.chain((base) => fc.constantFrom(base, `${base}?q=%C3%A9&b`, `${base}#part`));

const answer = fc.oneof(
	fc.constant({}),
	fc.record({ respond: fc.oneof(fc.integer({ min: 200, max: 599 }), fieldValue) }),
	fc.record({
		respond: fc.record({
			status: fc.integer({ min: 500, max: 599 }),
			body: fc.string(),
			headers: fc.dictionary(word, fieldValue, { maxKeys: 2 }),
		}),
	}),
	fc.record({ files: filesInput }),
	fc.record({
		redirect: fc.oneof(
			fc.constant('/x$path$query'),
			fc.record({
				to: url,
				status: fc.constantFrom(301, 302, 303, 307, 308) as fc.Arbitrary<301>,
			}),
		),
	}),
);

const route = fc
	.tuple(
		answer,
		fc.record(policy('r')),
		maybe(fc.record({ header: fc.oneof(fieldName, fc.record({ name: fieldName, value: fieldValue })) })),
	)
	.map(([fixed, rest, match]) => withoutUndefined({ ...fixed, ...rest, match }) as UserRoute);

const instances = fc.oneof(
	word.map((name) => `http://${name}`),
	fc
		.uniqueArray(word, { minLength: 1, maxLength: 3 })
		.map((names) => names.map((name, at) => ({ url: `https://${name}:444`, weight: at + 0.5 }))),
	fc.record({
		dns: word.map((name) => `${name}.internal:81`),
		resolve: duration(500, 60_000),
		family: fc.constantFrom('any' as const, 4 as const, 6 as const),
	}),
	fc
		.record({
			run: fc.oneof(
				fc.constantFrom('node server.js', 'a "b c" \'d\''),
				fc.array(fc.stringMatching(/^[!-~]{1,8}$/), { minLength: 1, maxLength: 4 }),
			),
			env: maybe(
				fc.dictionary(word, fc.oneof(fc.stringMatching(/^[^\0]{0,8}$/), fc.integer(), fc.boolean()), { maxKeys: 3 }),
			),
			user: maybe(word),
			grace: maybe(duration(0, 60_000)),
			start: maybe(duration(100, 60_000)),
		})
		.map(withoutUndefined),
);

const pool = {
	health: maybe(
		fc.oneof(
			fc.constantFrom('tcp', '/up?x=1'),
			fc.record({
				path: word.map((name) => `/${name}`),
				interval: duration(100, 9000),
				statuses: fc.constantFrom<(number | string)[][]>([200], [204, '300-399']),
			}),
			fc.record({
				method: fc.constantFrom('GET' as const, 'POST' as const),
				headers: fc.dictionary(fieldName, fc.oneof(fieldValue, fc.integer()), { maxKeys: 2 }),
				body: fc.oneof(fc.constant('ok'), fc.constant({ matches: '^"?(?:ok|up)"?$' })),
			}),
			fc.record({
				timeout: duration(10, 9000),
				healthyAfter: fc.integer({ min: 1, max: 9 }),
				unhealthyAfter: fc.integer({ min: 1, max: 9 }),
			}),
		),
	),
	outliers: maybe(
		fc.oneof(
			fc.constantFrom('off' as const, false as const),
			fc
				.record({
					failures: maybe(fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constant('off' as const))),
					flaps: maybe(fc.constantFrom(2, 9, false as const)),
					successRate: maybe(fc.constantFrom('off' as const, 2.5, { requests: 20 })),
					latency: maybe(fc.constantFrom('off' as const, 4.5, { factor: 2, least: '1s' })),
					window: maybe(duration(2000, 9000)),
					ejection: maybe(
						fc.oneof(duration(100, 9000), fc.record({ base: duration(100, 900), most: duration(900, 9000) })),
					),
				})
				.map(withoutUndefined),
			// Never so much of both that the one of a service contradicts the other of `defaults`.
			fc.integer({ min: 0, max: 40_000 }).map((parts) => ({ most: `${parts / 1000}%` })),
			fc.integer({ min: 1, max: 60 }).map((percent) => ({ panic: `${percent}%`, most: `${percent / 2}%` })),
		),
	),
	slowStart: maybe(fc.oneof(fc.constantFrom('off' as const), duration(250, 9000))),
	balance: maybe(
		fc.oneof(
			fc.constantFrom('round-robin' as const, 'cookie' as const, 'peak-ewma' as const),
			fc.record({
				by: fc.constant('consistent-hash' as const),
				key: fc.constantFrom('address', 'header:X-A', 'query:q', 'cookie:c'),
				loadFactor: fc.constantFrom(0, 1, 2.5),
			}),
			fc.record({ by: fc.constant('cookie' as const), cookie: fc.record({ name: word, ttl: duration(1000, 9000) }) }),
		),
	),
	failover: maybe(
		fc.oneof(
			fc.constant('50%' as const),
			fc
				.record({
					threshold: maybe(fc.constantFrom('10%', '55.5%', '80%')),
					back: maybe(fc.constantFrom('80%', '100%')),
					hold: maybe(duration(0, 9000)),
					warmUp: maybe(fc.constantFrom('off' as const, '5%')),
				})
				.map(withoutUndefined),
		),
	),
	scale: maybe(scaleInput),
	concurrency: maybe(
		fc.oneof(
			fc.constantFrom('off' as const, 'adaptive' as const),
			fc.integer({ min: 1, max: 1_000_000 }),
			fc
				.record({
					limit: fc.constant('adaptive' as const),
					min: maybe(fc.integer({ min: 1, max: 100 })),
					max: maybe(fc.integer({ min: 100, max: 2000 })),
					tolerance: maybe(fc.constantFrom(1.1, 2, 10)),
				})
				.map(withoutUndefined),
		),
	),
	upstream: maybe(
		fc.record({
			connections: fc.integer({ min: 1, max: 99 }),
			idle: duration(100, 9000),
			tls: fc.record({ serverName: word, verify: fc.boolean() }),
		}),
	),
	deploy: maybe(
		fc.oneof(
			fc.constantFrom(['1%', '50%'], ['0.3%']),
			fc
				.record({
					every: duration(100, 9000),
					requests: maybe(fc.integer({ min: 10, max: 999 })),
					errors: maybe(fc.constantFrom('0%', '2.5%')),
					latency: maybe(fc.constantFrom(1.25, 'off' as const)),
					by: maybe(fc.constantFrom('weight', 'header:X-Canary', 'cookie:Canary_1')),
					mirror: maybe(fc.constantFrom('off' as const, '33.3%')),
					instances: maybe(fc.integer({ min: 1, max: 9 })),
					giveUp: maybe(duration(10_000, 600_000_000)),
				})
				.map(withoutUndefined),
		),
	),
};

const pools = fc.dictionary(
	word,
	fc
		.record({
			instances: fc.oneof(fc.constant('http://h:1' as const), fc.constant({ run: 'x' })),
			priority: maybe(fc.integer({ min: 1, max: 3 })),
			region: maybe(word),
			weight: maybe(fc.constantFrom(0.5, 1, 2)),
		})
		.map(withoutUndefined),
	{ minKeys: 1, maxKeys: 3 },
);

const service = fc
	.tuple(
		fc.oneof({ weight: 3, arbitrary: fc.record({ instances }) }, { weight: 1, arbitrary: fc.record({ pools }) }),
		fc.record({ ...pool, ...policy('s') }),
		fc.dictionary(
			fc.tuple(fc.constantFrom('GET ', 'PUT,POST ', ''), word).map(([method, name]) => `${method}/${name}`),
			route,
			{ maxKeys: 3 },
		),
	)
	.map(([where, rest, routes]) => withoutUndefined({ ...where, ...rest, routes }) as UserService);

/** Services have hosts of their own, so that no two take the same. */
const arbitraryConfig: fc.Arbitrary<UserConfig> = fc
	.record({
		services: fc
			.uniqueArray(fc.tuple(word, service, host), { minLength: 1, maxLength: 3, selector: ([name]) => name })
			.map((all) =>
				Object.fromEntries(
					all.map(([name, one, own]) => [name, { ...one, match: `${name}.${own.replace('*.', '')}/*` }]),
				),
			),
		listen: maybe(fc.constantFrom(80, '0.0.0.0:81', [{ port: 82, host: '::1' }, 83])),
		admin: maybe(fc.constantFrom('off' as const, 99, { host: '127.0.0.2' })),
		workers: maybe(fc.integer({ min: 1, max: 32 })),
		limits: maybe(
			fc.record({
				head: fc.record({ size: size(8192, 1_048_576), fields: fc.integer({ min: 1, max: 999 }) }),
				keepAlive: duration(0, 9000),
				overload: fc.oneof(
					fc.constantFrom('off' as const, false as const),
					fc.record({ lag: duration(100, 60_000), heap: fc.constantFrom('50%', '87.5%', '99%') }),
				),
			}),
		),
		underscores: maybe(fc.constantFrom('drop' as const, 'pass' as const)),
		trust: maybe(
			fc.constantFrom('private', ['10.0.0.0/8', '::1'], [{ ranges: '192.0.2.0/24', header: 'True-Client-IP' }, '::1']),
		),
		cdnLoop: maybe(word),
		stop: maybe(duration(0, 90_000)),
		defaults: maybe(fc.record({ ...policy('d'), ...pool }).map(withoutUndefined)),
	})
	.map(withoutUndefined) as fc.Arbitrary<UserConfig>;

const SEEDED = { seed: 20_261_121, numRuns: 25 };

async function load(temp: TempFiles, name: string, text: string) {
	temp.write(name, text);
	const result = await loadConfig(name, { cwd: temp.folder });
	assert.ok(result.ok, result.ok ? '' : `${formatProblems(result.problems, temp.folder)}\n${text}`);
	return result.config;
}

test('property: YAML, JSON and what is printed of it, as either, are the same configuration', async () => {
	using temp = new TempFiles();
	await fc.assert(
		fc.asyncProperty(arbitraryConfig, async (input) => {
			const config = await load(temp, 'written.yaml', stringify(input));
			for (const [name, text] of [
				['written.json', JSON.stringify(input)],
				['printed.yaml', printConfig(config)],
				['printed.json', printConfig(config, 'json')],
			] as const)
				assert.deepEqual(await load(temp, name, text), config);
			assert.deepEqual(diffConfig(config, structuredClone(config)), []);
		}),
		SEEDED,
	);
});

test('property: two configurations that differ have a difference, told from both sides', async () => {
	using temp = new TempFiles();
	await fc.assert(
		fc.asyncProperty(arbitraryConfig, arbitraryConfig, async (one, other) => {
			const a = await load(temp, 'a.json', JSON.stringify(one));
			const b = await load(temp, 'b.json', JSON.stringify(other));
			const there = diffConfig(a, b).map(({ path }) => path);
			const back = diffConfig(b, a).map(({ path }) => path);
			assert.deepEqual(new Set(there), new Set(back));
			const named = (config: typeof a) =>
				JSON.stringify({ ...config, services: [...config.services].sort((x, y) => (x.name < y.name ? -1 : 1)) });
			if (named(a) !== named(b)) assert.notEqual(there.length, 0);
		}),
		SEEDED,
	);
});
