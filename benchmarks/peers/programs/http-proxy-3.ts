/** http-proxy-3 with a keep-alive agent. */
import { Agent, createServer, type ServerResponse } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { nextUpstream, port } from './arguments.ts';

const proxy = createProxyServer({ agent: new Agent({ keepAlive: true, maxSockets: 256 }) });
proxy.on('error', (_error, _request, answer) => {
	if ('writeHead' in answer) (answer as ServerResponse).writeHead(502).end();
	else answer.destroy();
});
createServer((request, answer) => proxy.web(request, answer, { target: nextUpstream() })).listen(
	port,
	'127.0.0.1',
	4096,
);
