import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { z } from 'zod';
import { configSchema } from '../src/config/schema.ts';
import { jsonSchema, referencePage } from './generate-reference.ts';

/** As much of a zod schema as the walk below reads. */
interface Definition {
	type: string;
	innerType: z.core.$ZodType;
	element: z.core.$ZodType;
	valueType: z.core.$ZodType;
	options: z.core.$ZodType[];
	shape: Record<string, z.ZodType>;
}

/** All keys of all objects of a schema, with their schemas. */
function* keysOf(schema: z.core.$ZodType, path: string): Generator<{ path: string; schema: z.ZodType }> {
	const def = schema._zod.def as unknown as Definition;
	if (def.type === 'optional') yield* keysOf(def.innerType, path);
	if (def.type === 'array') yield* keysOf(def.element, path);
	if (def.type === 'record') yield* keysOf(def.valueType, `${path}.NAME`);
	if (def.type === 'union') for (const option of def.options) yield* keysOf(option, path);
	if (def.type !== 'object') return;
	for (const [name, value] of Object.entries(def.shape)) {
		yield { path: `${path}.${name}`, schema: value };
		yield* keysOf(value, `${path}.${name}`);
	}
}

const keys = [...keysOf(configSchema, '')];

test('docs/configuration.md is what the schemas say: else run node scripts/generate-reference.ts', () => {
	assert.equal(readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8'), referencePage());
});

test('every key has a meaning, an example that is accepted, and a default that is', () => {
	assert.ok(keys.length > 100);
	for (const { path, schema } of keys) {
		const notes = schema.meta() as Record<string, unknown> | undefined;
		assert.match(String(notes?.['description']), /^[^\s].*[.)]$/, path);
		const [example] = (notes?.['examples'] ?? []) as unknown[];
		assert.ok(example !== undefined && schema.safeParse(example).success, `${path}: ${JSON.stringify(example)}`);
		if (notes?.['default'] !== undefined) assert.ok(schema.safeParse(notes['default']).success, `default of ${path}`);
	}
});

test('every key of the schema stands on the page', () => {
	const page = referencePage();
	for (const { path } of keys) assert.ok(page.includes(`| \`${path.split('.').at(-1)}\` |`), path);
	assert.doesNotMatch(page, /undefined|\[object Object\]/);
	const anchors = new Set<string | undefined>(
		[...page.matchAll(/^## (.*)$/gm)].map(([, title]) =>
			title
				?.toLowerCase()
				.replaceAll(/[^\w\- ]/g, '')
				.replaceAll(' ', '-'),
		),
	);
	for (const [, anchor = ''] of page.matchAll(/\]\(#([^)]*)\)/g)) assert.ok(anchors.has(anchor), anchor);
	assert.equal(anchors.size, [...page.matchAll(/^## /gm)].length);
});

test('the JSON Schema takes what the schemas take', () => {
	const schema = jsonSchema();
	assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema');
	const again = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
	const good = {
		'x-a': 1,
		listen: 80,
		services: { a: { match: '/a', instances: { run: 'x', env: { A: { env: 'B' } } }, health: { interval: '5s' } } },
	};
	assert.ok(again.safeParse(good).success);
	for (const bad of [
		{ lisen: 1 },
		{ listen: 'x'.length - 2 },
		{ services: { a: { health: { interval: 5 } } } },
		{ services: { a: { cache: { ttl: 5 } } } },
	]) {
		assert.ok(!again.safeParse(bad).success, JSON.stringify(bad));
	}
});
