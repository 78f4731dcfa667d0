import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { FigureInfo, Unit } from '../core/metric.ts';
import { figurePromql } from './figure-promql.ts';
import { grafanaFiles } from './grafana.ts';

const figure = (name: string, promql: string | null, unit: Unit = 'number'): FigureInfo => ({
	name,
	unit,
	perSecond: false,
	text: `What ${name} says`,
	labels: ['service', 'route'],
	promql,
});
const FIGURES = [
	figure('requests', 'sum by ($by) (rate(ballast_requests_total{$where}[$over]))'),
	figure('error_rate', 'sum by ($by) (rate(ballast_responses_total{class="5xx",$where}[$over]))', 'ratio'),
	figure('p95', 'histogram_quantile(0.95, sum by (le,$by) (rate(d_seconds_bucket{$where}[$over])))', 'seconds'),
	figure('cpu', null),
];

interface Dashboard {
	uid: string;
	templating: { list: { name: string }[] };
	panels: {
		id: number;
		title: string;
		gridPos: { x: number; y: number; w: number; h: number };
		targets: { expr: string; refId: string }[];
	}[];
}

function dashboards(figures: readonly FigureInfo[]): Dashboard[] {
	const files = grafanaFiles(figures).filter(({ path }) => path.endsWith('.json'));
	return files.map(({ text }) => JSON.parse(text) as Dashboard);
}

test('what is put into a figure leaves no comma behind', () => {
	const [, errors, p95] = FIGURES as [FigureInfo, FigureInfo, FigureInfo];
	assert.equal(
		figurePromql(p95, { where: '', by: '', over: '5m' }),
		'histogram_quantile(0.95, sum by (le) (rate(d_seconds_bucket{}[5m])))',
	);
	assert.equal(
		figurePromql(errors, { where: '', by: 'service', over: '5m' }),
		'sum by (service) (rate(ballast_responses_total{class="5xx"}[5m]))',
	);
	assert.equal(
		figurePromql(errors, { where: 'service="a"', by: '', over: '$__rate_interval' }),
		'sum by () (rate(ballast_responses_total{class="5xx",service="a"}[$__rate_interval]))',
	);
});

test('the folder is what Grafana reads', () => {
	const files = grafanaFiles(FIGURES);
	assert.deepEqual(
		files.map(({ path }) => path),
		[
			'provisioning/datasources/ballast.yaml',
			'provisioning/dashboards/ballast.yaml',
			'dashboards/ballast-overview.json',
			'dashboards/ballast-service.json',
			'dashboards/ballast-instances.json',
		],
	);
	assert.equal(parse(files[0]?.text ?? '').datasources[0].uid, 'ballast-prometheus');
	assert.equal(parse(files[1]?.text ?? '').providers[0].type, 'file');
});

test('panels do not lie over one another, and have queries with everything put in', () => {
	for (const { uid, panels, templating } of dashboards(FIGURES)) {
		assert.equal(templating.list[0]?.name, 'datasource');
		assert.ok(panels.length >= 4, uid);
		assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
		for (const { gridPos, targets, title } of panels) {
			assert.ok(gridPos.x + gridPos.w <= 24);
			const over = panels.filter(
				({ gridPos: other }) =>
					other.x < gridPos.x + gridPos.w &&
					gridPos.x < other.x + other.w &&
					other.y < gridPos.y + gridPos.h &&
					gridPos.y < other.y + other.h,
			);
			assert.equal(over.length, 1, `${uid} ${title}`);
			assert.ok(targets.length > 0);
			for (const { expr } of targets) assert.doesNotMatch(expr, /\$(?:where|by|over)\b|undefined/, title);
		}
	}
});

test('a figure that Prometheus does not have, or that is not there, has no panel', () => {
	const [overview, service, instances] = dashboards(FIGURES);
	const titles = overview?.panels.map(({ title }) => title) ?? [];
	assert.ok(titles.includes('requests') && !titles.includes('cpu') && !titles.includes('slo.budget'));
	assert.ok(service?.panels[0]?.targets[0]?.expr.includes('service=~"$service"'));
	assert.equal(instances?.panels.length, 8);
	assert.equal(dashboards([])[0]?.panels.length, 0);
});
