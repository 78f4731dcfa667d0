/** A client of the simulator, for tests: asks, and holds answers against the schemas. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Ajv } from 'ajv';
import type { Knobs } from '../knobs.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../start-simulator.ts';

// biome-ignore lint/suspicious/noExplicitAny: what answers hold is what the tests are about.
export type Body = any;

export interface Reply {
	status: number;
	headers: Headers;
	body: Body;
}

interface Extras {
	key?: string;
	headers?: Record<string, string>;
}

/** No call takes time, so that tests do not either. */
export const AT_ONCE: Partial<Knobs> = { createP50Ms: 0, readP50Ms: 0 };

export const VIDEO: Readonly<Record<string, string>> = {
	type: 'avatar',
	avatar_id: 'avatar_ada_office',
	script: 'Hello and welcome to our product, which does many things.',
	voice_id: 'voice_english_ada',
};

export class Client {
	readonly simulator: Simulator;

	constructor(simulator: Simulator) {
		this.simulator = simulator;
	}

	async ask(
		method: string,
		path: string,
		body?: unknown,
		{ key = 'simulator-key', headers = {} }: Extras = {},
	): Promise<Reply> {
		const json = body === undefined ? {} : { body: JSON.stringify(body) };
		const answer = await fetch(`${this.simulator.url}${path}`, {
			method,
			headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
			...json,
		});
		const text = await answer.text();
		return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
	}

	get(path: string, extras?: Extras): Promise<Reply> {
		return this.ask('GET', path, undefined, extras);
	}

	post(path: string, body: unknown, extras?: Extras): Promise<Reply> {
		return this.ask('POST', path, body, extras);
	}

	/** Creates a video and gives its id. */
	async create(fields: object = {}, extras?: Extras): Promise<string> {
		const { status, body } = await this.post('/v3/videos', { ...VIDEO, ...fields }, extras);
		assert.equal(status, 200, JSON.stringify(body));
		return body.data.video_id;
	}

	async video(id: string): Promise<Body> {
		return (await this.get(`/v3/videos/${id}`)).body.data;
	}
}

/** A simulator that ends with the test. */
export async function running(t: TestContext, options: SimulatorOptions = {}): Promise<Client> {
	const simulator = await startSimulator({ ...options, knobs: { ...AT_ONCE, ...options.knobs } });
	t.after(() => simulator.close());
	return new Client(simulator);
}

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false, strictRequired: false });
const folder = join(import.meta.dirname, '..', 'schemas');
for (const file of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(join(folder, file), 'utf8')));

export const SCHEMAS: readonly string[] = readdirSync(folder).map((file) => file.replace('.json', ''));
/** Schemas that something was held against. */
export const used = new Set<string>();

/** Holds an answer's status against a number and its body against a schema. */
export function conforms(reply: Reply, status: number, schema: string): Body {
	assert.equal(reply.status, status, JSON.stringify(reply.body));
	assert.match(reply.headers.get('x-request-id') ?? '', /^req_/);
	fits(reply.body, schema);
	return reply.body;
}

export function fits(body: unknown, schema: string): void {
	used.add(schema);
	const valid = ajv.validate(`heygen/${schema}.json`, body);
	assert.ok(valid, `${schema}: ${ajv.errorsText()}\n${JSON.stringify(body, null, 1)}`);
}

export function isError(reply: Reply, status: number, code: string): void {
	conforms(reply, status, 'error');
	assert.equal(reply.body.error.code, code);
}

/** Resolves when it is so; looks every few milliseconds. */
export async function until(what: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
	const end = performance.now() + limitMs;
	while (!(await what())) {
		if (performance.now() > end) throw new Error(`never: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
}
