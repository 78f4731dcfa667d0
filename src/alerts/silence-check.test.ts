import assert from 'node:assert/strict';
import test from 'node:test';
import { checkSilence } from './silence-check.ts';
import { sampleRule } from './testing/sample-rule.ts';

const RULES = [
	sampleRule('error_rate by service > 5%', { name: 'errors' }),
	sampleRule('disk.used by mount > 92%', { name: 'disk_full' }),
];

test('a silence that can silence nothing is refused, with what was meant', () => {
	const check = (where: Record<string, string>, services: string[] | null = ['videos']) =>
		checkSilence(where, RULES, services);
	for (const where of [
		{ alert: 'errors' },
		{ alert: 'disk_*', mount: '/data' },
		{ severity: 'crit*' },
		{ service: 'vid*', alert: '*' },
	])
		assert.doesNotThrow(() => check(where));
	assert.doesNotThrow(() => check({ service: 'gone' }, null));
	for (const [where, said] of [
		[{ alert: 'nonexist' }, /^there is no rule `nonexist`; there are `?errors/],
		[{ alert: 'erors' }, /^there is no rule `erors`; did you mean `errors`\?/],
		[{ bogus: 'x' }, /^no alert has a label `bogus`; there are /],
		[{ servce: 'videos' }, /^no alert has a label `servce`; did you mean `service`\?/],
		[{ service: 'vidoes' }, /^there is no service `vidoes`; did you mean `videos`\?/],
		[{ severity: 'bad', alert: 'errors' }, /^there is no severity `bad`/],
	] as const)
		assert.throws(() => check(where), { code: 'bad_command', message: said });
});
