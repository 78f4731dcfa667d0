import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { parseDnsName, parseInstanceUrl, parseResolver } from './config.ts';
import { splitWords } from './words.ts';

test('commands are split as a shell splits words', () => {
	const cases: [string, string[]][] = [
		['node server.js', ['node', 'server.js']],
		['  node\t--x=1  ', ['node', '--x=1']],
		[`node 'a b' "c d" e\\ f`, ['node', 'a b', 'c d', 'e f']],
		[`a'b'"c"d`, ['abcd']],
		[`a '' ""`, ['a', '', '']],
		[`a "x\\"y\\\\z\\n" 'x\\y'`, ['a', 'x"y\\z\\n', 'x\\y']],
		[`sh -c 'echo $PORT | cat'`, ['sh', '-c', 'echo $PORT | cat']],
	];
	for (const [command, words] of cases) assert.deepEqual(splitWords(command), words, command);
	for (const bad of [
		'',
		'  ',
		"a 'b",
		'a "b',
		'a \\',
		'a | b',
		'a; b',
		'a && b',
		'a > b',
		'a $B',
		'a `b`',
		'(a)',
		"''",
	]) {
		assert.match(String(splitWords(bad)), /^expected /, bad);
	}
});

test('property: /bin/sh splits what is taken into the same words', () => {
	const part = fc.constantFrom('a', ' ', "'", '"', '\\', 'b c', '=', '/', '"d e"', "'f g'", '\t');
	const commands: { command: string; words: string[] }[] = [];
	fc.assert(
		fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
			const command = `x ${parts.join('')}`;
			const words = splitWords(command);
			if (Array.isArray(words)) commands.push({ command, words });
		}),
		{ seed: 4, numRuns: 400 },
	);
	assert.ok(commands.length > 100);
	const script = commands.map(({ command }) => `set -- ${command}\nprintf '%s\\n' "$#" "$@"`).join('\n');
	const expected = commands.map(({ words }) => [String(words.length), ...words].join('\n')).join('\n');
	assert.equal(execFileSync('/bin/sh', { input: script, encoding: 'utf8' }), `${expected}\n`);
});

test('URLs of instances', () => {
	const url = (host: string, port: number, tls = false) => ({ host, port, tls });
	assert.deepEqual(parseInstanceUrl('http://10.0.0.5:8080'), url('10.0.0.5', 8080));
	assert.deepEqual(parseInstanceUrl('HTTP://Api/'), url('api', 80));
	assert.deepEqual(parseInstanceUrl('https://api.internal'), url('api.internal', 443, true));
	assert.deepEqual(parseInstanceUrl('http://[FD00::1]:81'), url('fd00::1', 81));
	const bad = [
		'',
		'api',
		'api:80',
		'ftp://api',
		'http://',
		'http://a:0',
		'http://a:65536',
		'http://a:x',
		'http://u@a',
		'http://a/x',
		'http://a?x',
		'http://a#x',
		'http://a b',
		'http://[a]',
		'http://::1',
		'http://999.0.0.1',
		'http://1.2.3',
		'http://-a',
		'http://ä',
	];
	for (const value of bad) assert.match(String(parseInstanceUrl(value)), /^expected a URL/, value);
	assert.match(String(parseInstanceUrl('api:80')), /write `http:\/\/api:80`/);
});

test('names and resolvers', () => {
	assert.deepEqual(parseDnsName('api.internal:81'), { name: 'api.internal', port: 81, tls: false });
	assert.deepEqual(parseDnsName('https://api.internal'), { name: 'api.internal', port: 443, tls: true });
	for (const value of ['', 'api', '10.0.0.1:80', 'http://[::1]:80', 'http://a/x', 'u@a:80'])
		assert.match(String(parseDnsName(value)), /^expected/, value);
	assert.deepEqual(['10.0.0.2', '10.0.0.2:54', '[fd00::2]:54', 'fd00::2'].map(parseResolver), [
		'10.0.0.2:53',
		'10.0.0.2:54',
		'[fd00::2]:54',
		'[fd00::2]:53',
	]);
	for (const value of ['', 'ns.example', '10.0.0.2:0', '10.0.0.2:x'])
		assert.equal(parseResolver(value), undefined, value);
});
