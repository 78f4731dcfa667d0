import type { Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { isKnown } from '../http/conditional.ts';
import { Problem } from '../http/problem.ts';
import { rangeOf } from '../http/range.ts';
import { TooLarge } from '../store/asset-files.ts';
import type { Asset } from '../store/assets.ts';
import { newId } from '../store/ids.ts';

/** Room for the other parts of a multipart upload. */
const multipartExtraBytes = 64 * 1024;

interface Upload {
	source: Readable;
	name: string | null;
	contentType: string;
}

/** `POST /v1/assets`, the body itself or one file of a form, and `GET /v1/assets/:id`, whole or a range of it. */
export async function assetRoutes(app: FastifyInstance, { config, assets, files }: Context): Promise<void> {
	const { maxAssetBytes } = config;
	app.removeAllContentTypeParsers();
	// One byte more than allowed, for the count below to notice.
	await app.register(multipart, { limits: { files: 1, fields: 10, fileSize: maxAssetBytes + 1, fieldSize: 4096 } });
	app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

	app.post('/v1/assets', async (request, reply) => {
		const announced = Number(request.headers['content-length'] ?? 0);
		if (announced > maxAssetBytes + (request.isMultipart() ? multipartExtraBytes : 0)) throw tooLarge(maxAssetBytes);
		const { source, name, contentType } = await uploadOf(request);
		const now = Date.now();
		const id = newId('as', now);
		const saved = await files.save(id, source, maxAssetBytes).catch((error) => {
			throw error instanceof TooLarge ? tooLarge(maxAssetBytes) : error;
		});
		const asset: Asset = { id, name, content_type: contentType, ...saved, created_at: now };
		assets.insert(asset);
		reply.code(201).header('location', `/v1/assets/${id}`).header('cache-control', 'no-store');
		return { data: { ...asset, created_at: new Date(now).toISOString() } };
	});

	app.route<{ Params: { id: string } }>({
		method: ['GET', 'HEAD'],
		url: '/v1/assets/:id',
		handler: async (request, reply) => {
			const asset = assets.get(request.params.id);
			if (!asset) throw new Problem('asset_not_found', `There is no asset '${request.params.id}'.`);
			const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
			const etag = `"${asset.sha256}"`;
			reply.headers({ etag, 'cache-control': 'private, max-age=31536000, immutable', 'accept-ranges': 'bytes' });
			if (isKnown(etag, ifNoneMatch)) return reply.code(304).send();

			const mayBePart = request.method === 'GET' && (ifRange === undefined || ifRange === etag);
			const wanted = rangeOf(mayBePart ? range : undefined, asset.bytes);
			if (wanted.kind === 'unsatisfiable') {
				throw new Problem('range_not_satisfiable', `The asset has ${asset.bytes} bytes.`, {
					headers: { 'content-range': `bytes */${asset.bytes}` },
				});
			}
			const { start, end } = wanted.kind === 'part' ? wanted : { start: 0, end: asset.bytes - 1 };
			// What others uploaded is never to be shown as a page of ours.
			reply.headers({ 'content-disposition': 'attachment', 'x-content-type-options': 'nosniff' });
			reply.type(asset.content_type).header('content-length', end - start + 1);
			if (wanted.kind === 'part') reply.code(206).header('content-range', `bytes ${start}-${end}/${asset.bytes}`);
			return request.method === 'HEAD' || asset.bytes === 0
				? reply.send()
				: reply.send(files.read(asset.id, start, end));
		},
	});
}

async function uploadOf(request: FastifyRequest): Promise<Upload> {
	if (request.isMultipart()) {
		const part = await request.file();
		if (!part) throw new Problem('bad_request', 'The form has no file.');
		return { source: part.file, name: part.filename || null, contentType: cleanType(part.mimetype) };
	}
	if (!request.body) throw new Problem('bad_request', 'The body is empty.');
	return { source: request.body as Readable, name: null, contentType: cleanType(request.headers['content-type']) };
}

/** A media type that may stand in a header field again. */
function cleanType(type: string | undefined): string {
	return type && /^[\w.+-]+\/[\w.+-]+(;[\x20-\x7e]*)?$/.test(type) ? type : 'application/octet-stream';
}

function tooLarge(maxBytes: number): Problem {
	return new Problem('too_large', `An asset may have ${maxBytes} bytes at most.`);
}
