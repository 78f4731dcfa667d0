import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fieldsOf } from '../support/raw-client.ts';
import type { Echo } from '../support/raw-upstream.ts';
import { eventually, get, suite } from '../support/suite.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])$/;

describe('trace context', () => {
	const it = suite(({ url }) => ({
		logs: { access: './access.log' },
		traces: { sample: '100%' },
		services: { app: { instances: [url] } },
	}));
	const sent = async (...lines: string[]): Promise<{ parent: string[]; state: string[] }> => {
		const { lines: arrived } = (await it.ask(get('/', ...lines))).json<Echo>();
		return { parent: fieldsOf(arrived, 'traceparent'), state: fieldsOf(arrived, 'tracestate') };
	};
	const one = ({ parent }: { parent: string[] }): RegExpExecArray => {
		assert.equal(parent.length, 1);
		const found = FORM.exec(parent[0] ?? '');
		assert.ok(found !== null, String(parent[0]));
		return found;
	};

	test('goes on, with a span of our own; what else it says is handed on', async () => {
		const found = await sent(`Traceparent: 00-${TRACE}-${PARENT}-00`, 'tracestate: a=1', 'tracestate: b=2');
		const [, trace, span] = one(found);
		assert.equal(trace, TRACE);
		assert.notEqual(span, PARENT);
		assert.deepEqual(found.state, ['a=1', 'b=2']);
	});

	test('begins where there is none, or none that is valid, and then without what others said', async () => {
		const bad = [
			[],
			[`traceparent: 00-${'0'.repeat(32)}-${PARENT}-01`],
			[`traceparent: ff-${TRACE}-${PARENT}-01`],
			[`traceparent: 00-${TRACE}-${PARENT}-01`, `traceparent: 00-${TRACE}-${PARENT}-01`],
			[`traceparent: 00-${TRACE.toUpperCase()}-${PARENT}-01`],
		];
		const seen = new Set<string>();
		for (const lines of bad) {
			const found = await sent(...lines, 'tracestate: a=1');
			const [, trace = '', span] = one(found);
			assert.notEqual(trace, TRACE);
			assert.notEqual(span, PARENT);
			assert.deepEqual(found.state, []);
			seen.add(trace);
		}
		assert.equal(seen.size, bad.length);
	});

	test('stands in the access log, where a secret does not', async () => {
		const secret = 'hush-hush';
		await it.ask(get(`/v1/x?token=${secret}&n=1`, `traceparent: 00-${TRACE}-${PARENT}-01`, `Cookie: s=${secret}`));
		const file = join(it.ballast.folder, 'access.log');
		const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
		const [line = ''] = await eventually(
			() => lines().filter((text) => text.includes('/v1/x')),
			(found) => found.length > 0,
		);
		const entry = JSON.parse(line) as Record<string, unknown>;
		assert.equal(entry['trace_id'], TRACE);
		assert.equal(entry['http.response.status_code'], 200);
		assert.equal(entry['url.query'], 'token=[redacted]&n=1');
		assert.doesNotMatch(readFileSync(file, 'utf8'), new RegExp(secret));
	});

	test('the line of a request that cannot be read has nothing of another one', async () => {
		const secret = 'TOPSECRET-of-somebody';
		for (let i = 0; i < 3; i++) {
			await it.ask(get(`/v1/of-somebody?${secret}`, `User-Agent: ${secret}`, `Cookie: ${secret}=${secret}`));
			const client = await it.client();
			const long = `${'A'.repeat(24)}: ${'v'.repeat(150)}`;
			client.send(`GET /v1/p HTTP/1.1\r\nHost: other.example\r\n${long}\r\nBad Field: x\r\n\r\n`);
			assert.equal((await client.answer()).status, 400);
			client.destroy();
		}
		const file = join(it.ballast.folder, 'access.log');
		const lines = await eventually(
			() =>
				(existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []).filter((text) => text.includes('code":400')),
			(found) => found.length >= 3,
		);
		for (const line of lines) assert.doesNotMatch(line, /of-somebody|user_agent|other\.example/);
	});
});
