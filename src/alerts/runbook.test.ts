import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultRules } from './default-rules.ts';
import { prometheusRules } from './prometheus-rules.ts';
import { KNOWN_FIGURES } from './testing/known-figures.ts';

test('`runbook_url` is an address; what lies in the package is a `runbook`', () => {
	const [first] = defaultRules(KNOWN_FIGURES);
	assert.ok(first !== undefined);
	const shipped = prometheusRules([first], KNOWN_FIGURES).text;
	assert.match(shipped, /^ +runbook: docs\/runbooks\.md#no_ready_instance$/m);
	assert.doesNotMatch(shipped, /runbook_url/);
	const put = prometheusRules([{ ...first, runbook: 'https://w/x#no_ready_instance' }], KNOWN_FIGURES).text;
	assert.match(put, /^ +runbook_url: https:\/\/w\/x#no_ready_instance$/m);
	assert.doesNotMatch(put, /runbook:/);
});
