import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig } from './load.ts';
import { maskConfig } from './mask.ts';
import { printConfig } from './print.ts';
import { formatProblems } from './problem.ts';
import { TempFiles } from './testing/temp-files.ts';

const ENV = { NEW_RELIC: 'nr-secret', DATADOG: 'dd-secret', TOKEN: 'tk-secret' };

async function load(input: object) {
	using temp = new TempFiles();
	temp.write('ballast.yaml', stringify({ services: { a: { instances: 'http://h:1' } }, ...input }));
	const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: ENV });
	return result.ok
		? { config: result.config, said: '' }
		: { config: null, said: formatProblems(result.problems, temp.folder) };
}

test('presets stand for address, key, temporality and sizes; a URL for a receiver of your own', async () => {
	const { config, said } = await load({
		export: {
			nr: { preset: 'newrelic', key: { env: 'NEW_RELIC' }, region: 'eu' },
			dd: { preset: 'datadog', key: { env: 'DATADOG' }, site: 'datadoghq.eu' },
			own: 'http://collector:4318/',
		},
	});
	assert.equal(said, '');
	const [newRelic, datadog, own] = config?.exports ?? [];
	assert.deepEqual(newRelic, {
		name: 'nr',
		urls: {
			metrics: 'https://otlp.eu01.nr-data.net/v1/metrics',
			logs: 'https://otlp.eu01.nr-data.net/v1/logs',
			traces: 'https://otlp.eu01.nr-data.net/v1/traces',
		},
		headers: { 'api-key': 'nr-secret' },
		temporality: 'delta',
		histograms: 'exponential',
		maxBytes: 1_000_000,
		intervalMs: 60_000,
		timeoutMs: 10_000,
	});
	assert.deepEqual(datadog?.urls, { metrics: 'https://otlp.datadoghq.eu/v1/metrics' });
	assert.deepEqual(
		[datadog?.headers, datadog?.temporality, datadog?.histograms, datadog?.maxBytes],
		[{ 'dd-api-key': 'dd-secret' }, 'delta', 'explicit', 500_000],
	);
	assert.deepEqual(
		[own?.urls.logs, own?.temporality, own?.headers],
		['http://collector:4318/v1/logs', 'cumulative', {}],
	);
});

test('no secret of them leaves the process', async () => {
	const { config } = await load({
		export: {
			nr: { preset: 'newrelic', key: { env: 'NEW_RELIC' } },
			own: { url: 'http://c', headers: { k: { env: 'DATADOG' } } },
		},
		receive: { token: { env: 'TOKEN' } },
	});
	assert.ok(config !== null);
	assert.equal(config.receive?.token, 'tk-secret');
	for (const text of [printConfig(config), printConfig(config, 'json'), JSON.stringify(maskConfig(config))]) {
		assert.doesNotMatch(text, /(?:nr|dd|tk)-secret/);
	}
});

test('traces, receive and scrape in their short forms', async () => {
	const { config } = await load({
		traces: '20%',
		receive: 'on',
		services: { a: { instances: 'http://h:1', scrape: [{ path: '/m' }, { of: 'host', interval: '5s' }] } },
	});
	assert.equal(config?.traces?.sample, 0.2);
	assert.deepEqual(config?.receive, {
		host: '127.0.0.1',
		port: 4318,
		token: null,
		maxBytes: 4_194_304,
		instances: true,
	});
	assert.deepEqual(config?.services[0]?.pools[0]?.scrape, [
		{ of: 'instance', path: '/m', port: null, intervalMs: 15_000 },
		{ of: 'host', path: '/metrics', port: 9100, intervalMs: 5000 },
	]);
	assert.equal((await load({ traces: 'off' })).config?.traces, null);
});

test('what contradicts itself is refused, with what was meant', async () => {
	const cases: [object, RegExp][] = [
		[{ receive: { host: '0.0.0.0' } }, /receive\.host: 0\.0\.0\.0\n.*expected a `token` beside it/],
		[{ receive: { host: 'localhost' } }, /expected an IP address/],
		[{ export: { a: { preset: 'newrelics', key: { env: 'NEW_RELIC' } } } }, /did you mean `newrelic`/],
		[{ export: { a: { preset: 'newrelic', key: { env: 'GONE' } } } }, /`GONE` is not set/],
		[
			{ export: { a: { preset: 'newrelic', key: { env: 'NEW_RELIC' }, site: 'a.b' } } },
			/`site` is for `preset: datadog`/,
		],
		[{ export: { a: 'ftp://c' } }, /expected http:\/\/ or https:/],
		[{ export: { a: 'http://u:p@c' } }, /expected no user or password/],
		[{ export: { a: { url: 'http://c', headers: { 'a b': 'x' } } } }, /expected the name of a header field/],
		[{ export: { 'a b': 'http://c' } }, /expected a name of letters/],
		[{ traces: { sampel: '1%' } }, /did you mean `sample`/],
		[{ traces: 5 }, /write `5%`|expected a share/],
		[{ services: { a: { instances: 'http://h:1', scrape: ['/m'] } } }, /expected/],
		[{ services: { a: { instances: 'http://h:1', scrape: [{}, {}] } } }, /element 0 is this one/],
	];
	for (const [input, expected] of cases) assert.match((await load(input)).said, expected, JSON.stringify(input));
});

// Random valid values of all of it.

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const duration = (minMs: number, maxMs: number) => fc.integer({ min: minMs, max: maxMs }).map((ms) => `${ms}ms`);
const size = (min: number, max: number) => fc.integer({ min, max }).map((bytes) => `${bytes}B`);

const scrape = fc.constantFrom('/metrics', { of: 'host' as const }, [
	{ path: '/m', interval: '5s' },
	{ of: 'host' as const, port: 9999 },
]);

const telemetry = {
	traces: maybe(
		fc.oneof(
			fc.constantFrom('off' as const, '5%'),
			fc.record({
				slow: duration(1, 9000),
				restart: fc.constantFrom('never', 'untrusted', 'always'),
				keep: fc.constant('2d'),
			}),
		),
	),
	export: maybe(
		fc.dictionary(
			word,
			fc.oneof(
				fc.constantFrom('http://c:4318', 'https://c/otlp/'),
				fc.record({
					url: fc.constant('http://c:4318'),
					headers: fc.constant({}),
					signals: fc.constantFrom(['metrics'], ['logs', 'traces']),
					temporality: fc.constantFrom('delta', 'cumulative'),
					body: size(10_000, 9_000_000),
					interval: duration(1000, 9000),
				}),
			),
			{ maxKeys: 2 },
		),
	),
	receive: maybe(fc.constantFrom('on' as const, 'off' as const, 4319, { port: 1, body: '1MB', instances: false })),
};

const everything = fc.record({
	...telemetry,
	services: fc.record({ a: fc.record({ instances: fc.constant('http://h:1'), scrape: maybe(scrape) }) }),
});

test('property: what is printed loads to the same configuration', async () => {
	using temp = new TempFiles();
	const read = async (name: string, text: string) => {
		temp.write(name, text);
		const result = await loadConfig(name, { cwd: temp.folder });
		assert.ok(result.ok, result.ok ? '' : `${formatProblems(result.problems, temp.folder)}\n${text}`);
		return result.config;
	};
	await fc.assert(
		fc.asyncProperty(everything, async (input) => {
			const config = await read('written.yaml', stringify(input));
			assert.deepEqual(await read('printed.yaml', printConfig(config)), config);
		}),
		{ numRuns: 60 },
	);
});
