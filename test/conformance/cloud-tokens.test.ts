/** The libraries that get tokens, against identity endpoints as they stand on the clouds' own machines. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { AzureTokens } from '../../src/instances/azure/azure-tokens.ts';
import { GcpTokens } from '../../src/instances/gcp/gcp-tokens.ts';

let server: Server;
let answered = 0;
const kept = { ...process.env };

/** App Service's managed identity; the metadata server of Compute Engine. */
function answer(request: IncomingMessage, response: ServerResponse): void {
	const url = new URL(request.url ?? '/', 'http://here');
	if (url.pathname === '/msi/token') {
		assert.equal(request.headers['x-identity-header'], 'header');
		assert.equal(url.searchParams.get('resource'), 'https://management.azure.com');
		const ends = Math.floor(Date.now() / 1000) + 3600;
		const body = { access_token: `azure-${++answered}`, expires_on: String(ends), token_type: 'Bearer' };
		response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
		return;
	}
	assert.equal(request.headers['metadata-flavor'], 'Google');
	response.setHeader('metadata-flavor', 'Google');
	if (!url.pathname.endsWith('/token')) {
		response.setHeader('content-type', 'application/text');
		response.end(url.pathname.endsWith('universe-domain') ? 'googleapis.com' : 'ok');
		return;
	}
	response.writeHead(200, { 'content-type': 'application/json' });
	response.end(JSON.stringify({ access_token: `gcp-${++answered}`, expires_in: 3600, token_type: 'Bearer' }));
}

before(async () => {
	server = createServer(answer);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
	process.env.IDENTITY_ENDPOINT = `http://${at}/msi/token`;
	process.env.IDENTITY_HEADER = 'header';
	process.env.AZURE_TOKEN_CREDENTIALS = 'ManagedIdentityCredential';
	process.env.GCE_METADATA_HOST = at;
	process.env.METADATA_SERVER_DETECTION = 'assume-present';
	process.env.HOME = '/nonexistent';
	delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
});

after(() => {
	for (const name of Object.keys(process.env)) if (!(name in kept)) delete process.env[name];
	Object.assign(process.env, kept);
	server.closeAllConnections();
	server.close();
});

test('@azure/identity: a token is kept', async () => {
	const tokens = new AzureTokens('https://management.azure.com');
	const first = await tokens.token(false);
	assert.match(first, /^azure-\d+$/);
	assert.equal(await tokens.token(false), first);
	// The library itself keeps those of managed identities until shortly before their end.
	assert.equal(await tokens.token(true), first);
});

test('google-auth-library: a token is kept, a fresh one is another', async () => {
	const tokens = new GcpTokens();
	const first = await tokens.token(false);
	assert.match(first, /^gcp-\d+$/);
	assert.equal(await tokens.token(false), first);
	assert.notEqual(await tokens.token(true), first);
});
