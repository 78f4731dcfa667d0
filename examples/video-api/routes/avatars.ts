import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { withEtag } from '../http/conditional.ts';
import { afterCursor, type Paging, pageOf, pageSchema, pagingSchema } from '../http/paging.ts';
import { Problem } from '../http/problem.ts';
import type { AvatarFilter } from '../store/avatars.ts';

const cacheControl = 'public, max-age=60';

const avatarSchema = {
	type: 'object',
	properties: {
		id: { type: 'string' },
		name: { type: 'string' },
		gender: { type: 'string' },
		style: { type: 'string' },
		premium: { type: 'boolean' },
		preview_image_url: { type: 'string' },
		default_voice_id: { type: 'string' },
	},
};

const listSchema = {
	querystring: {
		type: 'object',
		additionalProperties: false,
		properties: {
			...pagingSchema,
			gender: { enum: ['female', 'male'] },
			style: { type: 'string', maxLength: 40 },
			q: { type: 'string', maxLength: 100 },
		},
	},
	response: { 200: pageSchema(avatarSchema) },
};

type Query = Paging & Pick<AvatarFilter, 'gender' | 'style' | 'q'>;

/** `GET /v1/avatars` and `GET /v1/avatars/:id`. */
export function avatarRoutes(app: FastifyInstance, { avatars }: Context): void {
	app.addHook('onSend', withEtag);

	app.route<{ Querystring: Query }>({
		method: ['GET', 'HEAD'],
		url: '/v1/avatars',
		schema: listSchema,
		handler: async ({ query: { limit, cursor, ...filter } }, reply) => {
			const rows = avatars.find({ ...filter, ...afterCursor(cursor), limit: limit + 1 });
			reply.header('cache-control', cacheControl);
			return pageOf(rows, limit);
		},
	});

	app.route<{ Params: { id: string } }>({
		method: ['GET', 'HEAD'],
		url: '/v1/avatars/:id',
		schema: { response: { 200: { type: 'object', properties: { data: avatarSchema } } } },
		handler: async ({ params }, reply) => {
			const data = avatars.get(params.id);
			if (!data) throw new Problem('avatar_not_found', `There is no avatar '${params.id}'.`);
			reply.header('cache-control', cacheControl);
			return { data };
		},
	});
}
