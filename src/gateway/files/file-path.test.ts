import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { endingOf, filePath, isHashed } from './file-path.ts';

suite('filePath', () => {
	const named: [string, string][] = [
		['/', '/'],
		['/a/b.html', '/a/b.html'],
		['/docs/', '/docs/'],
		['//a///b//', '/a/b/'],
		['/a%20b.txt', '/a b.txt'],
		['/%C3%A4.png', '/ä.png'],
		['/100%25.txt', '/100%.txt'],
		['/%252e%252e/x', '/%2e%2e/x'],
		['/a..b/c.', '/a..b/c.'],
		['/.well-known/security.txt', '/.well-known/security.txt'],
	];
	for (const [path, name] of named) test(`${path} is ${name}`, () => assert.equal(filePath(path), name));

	const refused = [
		'',
		'*',
		'a',
		'/..',
		'/../etc/passwd',
		'/a/../../b',
		'/%2e%2e/etc/passwd',
		'/.%2E/x',
		'/.',
		'/./a',
		'/.env',
		'/%2eenv',
		'/a/.git/config',
		'/a/.well-known/x',
		'/.well-known/.env',
		'/..%2fetc',
		'/a%2Fb',
		'/a%5cb',
		'/a\\b',
		'/..\\..\\boot.ini',
		'/a%00.txt',
		'/a%0d%0aX: 1',
		'/%7f',
		'/%c0%ae%c0%ae/x',
		'/%ff',
		'/%',
		'/%zz',
		`/${'x'.repeat(256)}`,
	];
	for (const path of refused)
		test(`${JSON.stringify(path.slice(0, 40))} is none`, () => assert.equal(filePath(path), null));
});

test('endings', () => {
	assert.equal(endingOf('/a/b.HTML'), 'html');
	assert.equal(endingOf('/a.d/b'), '');
	assert.equal(endingOf('/.well-known'), '');
	assert.equal(endingOf('/a.'), '');
});

suite('names with a hash', () => {
	for (const name of [
		'/assets/main.3f2a1b9c.js',
		'/main.3f2a1b9c0d1e2f3a4b5c.js.map',
		'/index-B3x_Aq1Z.css',
		'/chunk-7X2KJH3Q.js',
		'/a/logo.0a1b2c3d.svg',
	])
		test(`${name} is one`, () => assert.ok(isHashed(name)));
	for (const name of [
		'/app.js',
		'/jquery-3.6.0.min.js',
		'/report-20240131.pdf',
		'/Report01.pdf',
		'/my-Report01.pdf',
		'/jquery-DataTables.js',
		'/photo-IMG20241.jpg',
		'/3f2a1b9c/app.js',
		'/release-notes-v2.html',
		'/bundle.deadbeef',
	])
		test(`${name} is none`, () => assert.ok(!isHashed(name)));
});
