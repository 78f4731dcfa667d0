/** The pools of a service, as a person writes them. */
import type { z } from 'zod';
import { integer, key, map, notEmpty, object, required, text } from '../core/schema.ts';
import { instancesSchema, weight } from '../instances/config.ts';
import { scrapeSchema } from '../otlp/receive-config.ts';
import { scaleSchema } from '../scaling/config.ts';

const region = text('the name of a region', notEmpty('the name of a region'));

export const scrapeKey = key(
	scrapeSchema,
	'Pages of metrics of the instances, or of node_exporter beside them, that are read. With them instances elsewhere have CPU and memory, too.',
	{ defaultText: 'none', example: [{ path: '/metrics' }, { of: 'host' }] },
);

export const poolSchema = object({
	instances: required(instancesSchema, 'Where its instances come from.', {
		example: { run: 'node server.js', cwd: './api' },
	}),
	priority: key(
		integer(1, 16),
		'Its place in the order: 1 is first. Pools of the same priority share the traffic by their ready instances.',
		{ default: 1, example: 2 },
	),
	region: key(region, 'Where it is. `ballast drain --region` takes all pools of a region out.', {
		defaultText: 'none',
		example: 'eu-west',
	}),
	scale: key(scaleSchema, 'How many instances there are, and by what that is decided.', {
		defaultText: "the service's",
		example: 2,
	}),
	scrape: scrapeKey,
	weight: key(weight, 'Its share beside other pools of the same priority, for each ready instance.', {
		default: 1,
		example: 2,
	}),
});

export const poolsSchema = map(poolSchema, 'pools');

export type PoolInput = z.input<typeof poolSchema>;
