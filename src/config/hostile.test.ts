import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { loadConfig } from './load.ts';
import { TempFiles } from './testing/temp-files.ts';

// Keys that mean something at one place or another, so that what is wrong stands deep inside.
const key = fc.constantFrom(
	...[
		'services',
		'api',
		'routes',
		'GET /x',
		'match',
		'instances',
		'run',
		'urls',
		'dns',
		'aws',
		'env',
		'health',
		'balance',
		'by',
		'key',
	],
	...[
		'cookie',
		'scale',
		'min',
		'max',
		'timeouts',
		'connect',
		'firstByte',
		'headers',
		'request',
		'set',
		'remove',
		'X-A',
		'respond',
	],
	...[
		'redirect',
		'to',
		'from',
		'rewrite',
		'strip',
		'host',
		'limits',
		'head',
		'body',
		'listen',
		'port',
		'tls',
		'cert',
		'certificates',
	],
	...[
		'admin',
		'trust',
		'stop',
		'grace',
		'defaults',
		'include',
		'upstream',
		'cache',
		'x-own',
		'constructor',
		'toString',
		'',
	],
);
const scalar = fc.constantFrom<unknown>(
	...[
		null,
		true,
		false,
		0,
		1,
		-1,
		8080,
		1e300,
		0.5,
		'',
		'/',
		'/*',
		'/v1/*',
		'off',
		'GET',
		'30s',
		'10MiB',
		'http://h:1',
		'node x.js',
	],
	...[
		'consistent-hash',
		'header:x',
		'*.example',
		'0.0.0.0:80',
		'private',
		'\0',
		'\u{1f600}',
		'$1',
		'(',
		'./x',
		'***',
		'tcp',
		'200-399',
	],
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
	tree: fc.oneof(
		{ depthSize: 'large', withCrossShrink: true },
		scalar,
		fc.array(tie('tree'), { maxLength: 3 }),
		fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
		fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
	),
}));
const service = fc.dictionary(key, tree, { maxKeys: 6 });
const config = fc.oneof(
	tree,
	fc.record({ services: fc.dictionary(key, service, { maxKeys: 3 }), defaults: tree }, { requiredKeys: ['services'] }),
);

test('property: whatever stands in a file, it is taken or its faults are told', async () => {
	using temp = new TempFiles();
	let refused = 0;
	await fc.assert(
		fc.asyncProperty(config, async (value) => {
			temp.write('ballast.json', JSON.stringify(value));
			const result = await loadConfig('ballast.json', { cwd: temp.folder, env: {} });
			if (result.ok) return;
			refused++;
			assert.ok(result.problems.length > 0);
			for (const { message, line } of result.problems) {
				assert.match(message, /^(?:expected|missing|unknown key|conflict|not available)/);
				assert.ok(line === null || line >= 1);
			}
		}),
		{ seed: 5, numRuns: 250 },
	);
	assert.ok(refused > 200);
});

test('property: whatever bytes a YAML file has, it is read or its faults are told', async () => {
	using temp = new TempFiles();
	const piece = fc.constantFrom(
		'services',
		':',
		' ',
		'\n',
		'  ',
		'-',
		'[',
		']',
		'{',
		'}',
		'"',
		"'",
		'&a',
		'*a',
		'<<',
		'!',
		'#',
		'|',
		'>',
		'\t',
		'?',
		',',
		'x',
		'1',
		'---',
		'%',
		'@',
		'\\',
	);
	await fc.assert(
		fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
			temp.write('ballast.yaml', pieces.join(''));
			const result = await loadConfig('ballast.yaml', { cwd: temp.folder, env: {} });
			assert.ok(!result.ok && result.problems.length > 0);
		}),
		{ seed: 6, numRuns: 250 },
	);
});
