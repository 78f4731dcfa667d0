import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { Problem } from '../http/problem.ts';

const maxBodyBytes = 64 * 1024 * 1024;
const secret = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key']);

/** `/v1/echo`: what of a request arrived here. The values of secret fields come back as hashes only. */
export function echoRoutes(app: FastifyInstance, { config }: Context): void {
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

	app.route({
		method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
		url: '/v1/echo',
		handler: async ({ raw, body, ip }, reply) => {
			reply.header('cache-control', 'no-store');
			return {
				instance: config.instance,
				method: raw.method,
				url: raw.url,
				http_version: raw.httpVersion,
				client: ip,
				headers: fieldsOf(raw.rawHeaders),
				body: await measure(body as Readable | undefined),
			};
		},
	});
}

/** The fields as they came: in order, repeated ones kept apart. */
function fieldsOf(rawHeaders: string[]): [string, string][] {
	const fields: [string, string][] = [];
	for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
		const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
		fields.push([name, secret.has(name.toLowerCase()) ? `sha256:${sha256(value).slice(0, 12)}` : value]);
	}
	return fields;
}

async function measure(body: Readable | undefined): Promise<{ bytes: number; sha256: string }> {
	const hash = createHash('sha256');
	let bytes = 0;
	if (!body) return { bytes, sha256: hash.digest('hex') };
	for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		if (bytes > maxBodyBytes) {
			body.resume();
			throw new Problem('too_large', `The body is larger than ${maxBodyBytes} bytes.`);
		}
		hash.update(chunk);
	}
	return { bytes, sha256: hash.digest('hex') };
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}
