/** A platform that refuses its first look: it is told at the start, the other services serve. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startBallast } from '../support/ballast.ts';

const DENIED = `console.log('{"permission":"groups:list"}'); console.error('nobody may look'); process.exit(77)`;

test('what a platform refuses is told before it is said that all is served, with the permission; others serve', async () => {
	const server = createServer((_, response) => response.end('fine'));
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const command = [process.execPath, '-e', DENIED];
	const exec = { list: command, resize: command, remove: command, port: 80 };
	const services = {
		denied: { match: '/denied/*', instances: { exec }, hold: 'off' },
		fine: { match: '/fine/*', instances: { urls: [url] } },
	};
	const ballast = await startBallast({ workers: 1, stop: '0s', services }, { ready: false });
	try {
		await ballast.printed(/serving denied, fine/);
		const output = ballast.output();
		const told =
			/denied +error: .* cannot be read: nobody may look \(permission needed: groups:list\); nothing is known/;
		assert.match(output, told);
		assert.ok(output.search(told) < output.search(/serving denied, fine/), output);
		const statusOf = async (path: string) => (await fetch(`${ballast.url}${path}`)).status;
		assert.equal(await statusOf('/denied/a'), 503);
		const until = Date.now() + 10_000;
		while ((await statusOf('/fine/a')) !== 200) assert.ok(Date.now() < until);
	} finally {
		await ballast.stop();
		server.close();
		server.closeAllConnections();
	}
});
