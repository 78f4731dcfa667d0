/**
 * Writes dist/schema.json (the JSON Schema of a configuration, for editors) and docs/configuration.md
 * (the reference), both from the schemas. Run after a change of a schema: node scripts/generate-reference.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { configSchema } from '../src/config/schema.ts';

/** As much of JSON Schema as the reference reads. */
interface JsonSchema {
	type?: string;
	description?: string;
	default?: unknown;
	examples?: unknown[];
	enum?: unknown[];
	const?: unknown;
	anyOf?: JsonSchema[];
	items?: JsonSchema;
	properties?: Record<string, JsonSchema>;
	required?: string[];
	additionalProperties?: JsonSchema | boolean;
	minimum?: number;
	maximum?: number;
	'x-type'?: string;
	'x-default'?: string;
}

/** The JSON Schema of what a person writes. */
export function jsonSchema(): Record<string, unknown> {
	const schema = z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
	return {
		...schema,
		title: 'Configuration of Ballast',
		description: 'ballast.yaml or ballast.json; https://json-schema.org/draft/2020-12/schema',
		patternProperties: { '^x-': { description: "The user's own: a place for YAML anchors." } },
	};
}

/** A kind of object of the configuration, and the paths at which it stands. */
interface Section {
	schema: JsonSchema;
	paths: string[];
}

/** docs/configuration.md */
export function referencePage(): string {
	const sections = sectionsOf(jsonSchema() as JsonSchema);
	const introduction = readFileSync(new URL('reference-introduction.md', import.meta.url), 'utf8');
	return `${introduction}\n${sections.map((section) => sectionText(section, sections)).join('\n')}`;
}

/** Breadth first; an object that stands in several places is told once. */
function sectionsOf(root: JsonSchema): Section[] {
	const sections: Section[] = [{ schema: root, paths: [''] }];
	for (let at = 0; at < sections.length; at++) {
		const { schema, paths } = sections[at] as Section;
		for (const [name, property] of Object.entries(schema.properties ?? {})) {
			for (const { found, below } of objectsIn(property, '')) {
				const path = `${paths[0] === '' ? '' : `${paths[0]}.`}${name}${below}`;
				const known = sections.find((section) => shapeOf(section.schema) === shapeOf(found));
				if (known === undefined) sections.push({ schema: found, paths: [path] });
				else if (!known.paths.includes(path)) known.paths.push(path);
			}
		}
	}
	return sections;
}

const shapes = new WeakMap<JsonSchema, string>();

/** The same for objects that are written alike. */
function shapeOf(schema: JsonSchema): string {
	let shape = shapes.get(schema);
	if (shape === undefined) shapes.set(schema, (shape = JSON.stringify([schema.properties, schema.required])));
	return shape;
}

/** The objects with keys of their own among the forms of a value; `below` is what stands behind its name. */
function objectsIn(schema: JsonSchema, below: string): { found: JsonSchema; below: string }[] {
	if (schema.properties !== undefined) return [{ found: schema, below }];
	const inner = [...(schema.anyOf ?? []).map((form) => ({ form, below }))];
	if (schema.items !== undefined) inner.push({ form: schema.items, below: `${below}[]` });
	if (typeof schema.additionalProperties === 'object')
		inner.push({ form: schema.additionalProperties, below: `${below}.NAME` });
	return inner.flatMap(({ form, below: place }) => objectsIn(form, place));
}

function sectionText({ schema, paths }: Section, sections: readonly Section[]): string {
	const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
		const must = schema.required?.includes(name) === true;
		const fallback = must ? 'required' : defaultText(property);
		const example = property.examples?.[0] === undefined ? '' : code(`${name}: ${flow(property.examples[0])}`);
		return `| ${code(name)} | ${typeText(property, sections)} | ${fallback} | ${cell(property.description ?? '')} | ${example} |`;
	});
	return [
		`## ${titleOf({ schema, paths }, sections)}`,
		'',
		...(paths.length > 1 ? [`At ${paths.map((path) => code(path)).join(', ')}.`, ''] : []),
		'| key | type | default | meaning | example |',
		'| --- | --- | --- | --- | --- |',
		...rows,
		'',
	].join('\n');
}

/** The path; where several kinds of object can stand there, with the key that tells them apart. */
function titleOf({ schema, paths }: Section, sections: readonly Section[]): string {
	const path = paths[0] as string;
	if (path === '') return 'Top level';
	const alone = sections.filter((section) => section.paths[0] === path).length === 1;
	return alone ? path : `${path} with ${Object.keys(schema.properties ?? {})[0]}`;
}

const anchorOf = (title: string) =>
	title
		.toLowerCase()
		.replaceAll(/[^\w\- ]/g, '')
		.replaceAll(' ', '-');

function defaultText(schema: JsonSchema): string {
	if (schema['x-default'] !== undefined) return cell(schema['x-default']);
	return schema.default === undefined ? '' : code(flow(schema.default));
}

function typeText(schema: JsonSchema, sections: readonly Section[]): string {
	return [...new Set(typesOf(schema, sections))].join(' or ');
}

function typesOf(schema: JsonSchema, sections: readonly Section[]): string[] {
	if (schema.anyOf !== undefined) return schema.anyOf.flatMap((form) => typesOf(form, sections));
	if (schema.properties !== undefined) {
		const known = sections.find((section) => shapeOf(section.schema) === shapeOf(schema));
		return [`[object](#${anchorOf(titleOf(known as Section, sections))})`];
	}
	if (schema.items !== undefined) return [`list of ${typeText(schema.items, sections)}`];
	if (typeof schema.additionalProperties === 'object') {
		return [`map of ${typeText(schema.additionalProperties, sections)}`];
	}
	if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value)));
	if (schema.const !== undefined) return [code(String(schema.const))];
	const range =
		schema.minimum !== undefined && schema.maximum !== undefined ? ` ${schema.minimum}–${schema.maximum}` : '';
	return [(schema['x-type'] ?? schema.type ?? 'any') + range];
}

/** A value in YAML's flow style. */
function flow(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
	if (value !== null && typeof value === 'object') {
		const pairs = Object.entries(value).map(([name, part]) => `${flow(name)}: ${flow(part)}`);
		return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
	}
	if (typeof value !== 'string') return String(value);
	return /^[\w./^$*:-][\w./:$*()^ -]*$/.test(value) && !/: |^[*-]|:$|^\d+$/.test(value) ? value : JSON.stringify(value);
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string) => `\`${cell(text)}\``;

if (import.meta.main) {
	const root = new URL('../', import.meta.url);
	mkdirSync(new URL('dist/', root), { recursive: true });
	mkdirSync(new URL('docs/', root), { recursive: true });
	writeFileSync(new URL('dist/schema.json', root), `${JSON.stringify(jsonSchema(), null, '\t')}\n`);
	writeFileSync(new URL('docs/configuration.md', root), referencePage());
	console.log('wrote dist/schema.json and docs/configuration.md');
}
