import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CATALOGUE } from '../../src/metrics/catalogue.ts';
import { Exposition } from '../../src/metrics/exposition.ts';
import { collectNodeMetrics } from '../../src/metrics/node-metrics.ts';
import { promqlOf } from '../../src/metrics/promql.ts';
import { Registry } from '../../src/metrics/registry.ts';
import { TestNode } from '../../src/metrics/testing-node.ts';

const missing = spawnSync('promtool', ['--version']).error !== undefined;
const skip = missing ? 'promtool is not installed: apt-get install prometheus' : false;

function promtool(args: string[], input: string): string {
	const { stdout, stderr, status } = spawnSync('promtool', args, { input, encoding: 'utf8' });
	return status === 0 && stderr === '' ? '' : `${status}: ${stdout}${stderr}`;
}

test('promtool finds nothing wrong with the metrics', { skip }, () => {
	const registry = new Registry();
	const node = new TestNode();
	const latency = { targetMs: 300, share: 0.99 };
	const objective = () => ({ availability: 0.999, latency, windowMs: 1 });
	collectNodeMetrics(registry, node, { objective, apdexMs: () => 500 });
	node.serve();
	registry.sample();
	const page = new Exposition(registry).write('text');
	assert.ok(page.includes('ballast_objective_missed_total{'));
	assert.equal(promtool(['check', 'metrics'], page), '');
});

test("each figure's PromQL is valid, whatever is asked for", { skip }, () => {
	const rules = CATALOGUE.flatMap((figure) =>
		figure.forms
			.flatMap(({ labels }) => [
				{ where: {}, by: [] },
				{ where: {}, by: labels },
				{ where: Object.fromEntries(labels.map((label) => [label, 'a"\\b.*'])), by: labels.slice(0, 1) },
			])
			.map((of) => promqlOf(figure, { figure: figure.info.name, overMs: 300_000, ...of })),
	);
	assert.ok(rules.length > 150);
	const file = { groups: [{ name: 'figures', rules: rules.map((expr, at) => ({ record: `figure:${at}`, expr })) }] };
	const folder = mkdtempSync(join(tmpdir(), 'ballast-rules-'));
	try {
		const path = join(folder, 'rules.json');
		writeFileSync(path, JSON.stringify(file));
		assert.equal(promtool(['check', 'rules', '--lint=none', path], ''), '');
	} finally {
		rmSync(folder, { recursive: true });
	}
});
