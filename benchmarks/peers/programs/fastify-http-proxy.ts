/** @fastify/http-proxy as its page shows it; one upstream, since it has no balancing for the plain case. */
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { port, upstreams } from './arguments.ts';

const app = fastify({ logger: false, bodyLimit: 10 * 1024 * 1024 });
await app.register(proxy, { upstream: upstreams[0] as string, undici: { connections: 128, pipelining: 1 } });
await app.listen({ host: '127.0.0.1', port, backlog: 4096 });
