import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { withEtag } from '../http/conditional.ts';
import { afterCursor, type Paging, pageOf, pageSchema, pagingSchema } from '../http/paging.ts';
import type { VoiceFilter } from '../store/voices.ts';

const voiceSchema = {
	type: 'object',
	properties: {
		id: { type: 'string' },
		name: { type: 'string' },
		gender: { type: 'string' },
		language: { type: 'string' },
		preview_audio_url: { type: 'string' },
	},
};

const listSchema = {
	querystring: {
		type: 'object',
		additionalProperties: false,
		properties: {
			...pagingSchema,
			gender: { enum: ['female', 'male'] },
			language: { type: 'string', pattern: '^[a-z]{2}$' },
		},
	},
	response: { 200: pageSchema(voiceSchema) },
};

type Query = Paging & Pick<VoiceFilter, 'gender' | 'language'>;

/** `GET /v1/voices`. */
export function voiceRoutes(app: FastifyInstance, { voices }: Context): void {
	app.addHook('onSend', withEtag);

	app.route<{ Querystring: Query }>({
		method: ['GET', 'HEAD'],
		url: '/v1/voices',
		schema: listSchema,
		handler: async ({ query: { limit, cursor, ...filter } }, reply) => {
			const rows = voices.find({ ...filter, ...afterCursor(cursor), limit: limit + 1 });
			reply.header('cache-control', 'public, max-age=300');
			return pageOf(rows, limit);
		},
	});
}
