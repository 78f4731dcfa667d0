import type { FigureInfo } from '../core/metric.ts';
import { figurePromql } from './figure-promql.ts';
import { DATASOURCE, figurePanel, laidOut, type Panel } from './grafana-panel.ts';

export interface ExportedFile {
	/** Seen from the folder that they are written to; `/` between its parts. */
	path: string;
	text: string;
}

/** Grafana's own: four scrapes at least. */
const OVER = '$__rate_interval';
const CACHE = ['cache.hits', 'cache.misses', 'cache.answers'] as const;
/** Of places upstream, such as accounts; and of what tenants spend there. */
const LANES = ['lanes.running', 'lanes.slots', 'lanes.wait', 'lanes.time', 'lanes.hourly', 'credit.left'] as const;
const SPEND = ['spend.used', 'spend.hourly', 'spend.refused'] as const;
const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/**
 * A provisioning folder for Grafana: the data source, the provider of dashboards, and three of them. Every query is a
 * figure's own PromQL, or of a metric that docs/metrics.md names.
 */
export function grafanaFiles(figures: readonly FigureInfo[]): ExportedFile[] {
	const known = new Map(figures.map((figure) => [figure.name, figure]));
	return [
		{ path: 'provisioning/datasources/ballast.yaml', text: DATASOURCES },
		{ path: 'provisioning/dashboards/ballast.yaml', text: PROVIDERS },
		{ path: 'dashboards/ballast-overview.json', text: json(overview(known)) },
		{ path: 'dashboards/ballast-service.json', text: json(service(known)) },
		{ path: 'dashboards/ballast-instances.json', text: json(instances()) },
	];
}

type Known = ReadonlyMap<string, FigureInfo>;

const DATASOURCES = `# The address is that of your Prometheus, as Grafana reaches it.
apiVersion: 1
datasources:
  - name: Prometheus
    uid: ballast-prometheus
    type: prometheus
    access: proxy
    url: http://localhost:9090
    jsonData:
      # As often as Prometheus scrapes Ballast.
      timeInterval: 15s
`;

const PROVIDERS = `apiVersion: 1
providers:
  - name: ballast
    folder: Ballast
    type: file
    allowUiUpdates: true
    options:
      # The folder "dashboards" beside "provisioning", where Grafana sees it.
      path: /etc/grafana/dashboards
`;

/** One line of a figure for each of `by`. */
function lines(
	known: Known,
	name: string,
	of: { where?: string; by?: string; width: number; stat?: boolean },
): Panel[] {
	const figure = known.get(name);
	const { where = '', by = '', width, stat = false } = of;
	const expr = figure === undefined ? null : figurePromql(figure, { where, by, over: OVER });
	const legend =
		by === ''
			? name
			: by
					.split(',')
					.map((label) => `{{${label}}}`)
					.join(' ');
	const shape = { kind: stat ? 'stat' : 'timeseries', width } as const;
	return [figurePanel(figure, expr === null ? [] : [{ expr, legend }], shape)].filter((panel) => panel !== undefined);
}

/** Several figures of one unit in one panel. */
function together(
	known: Known,
	names: readonly string[],
	of: { title: string; where?: string; width: number },
): Panel[] {
	const { title, where = '', width } = of;
	const queries = names.map((name) => {
		const figure = known.get(name);
		const expr = figure === undefined ? null : figurePromql(figure, { where, by: '', over: OVER });
		return expr === null ? null : { expr, legend: name };
	});
	const panel = figurePanel(known.get(names[0] ?? ''), queries, { kind: 'timeseries', width });
	return panel === undefined ? [] : [{ ...panel, title, text: names.join(', ') }];
}

function overview(known: Known): object {
	const stat = (name: string): Panel[] => lines(known, name, { width: 4, stat: true });
	const byService = (name: string): Panel[] => lines(known, name, { by: 'service', width: 12 });
	return dashboard(
		'overview',
		[],
		[
			...['requests', 'error_rate', 'p95', 'slo.budget', 'instances.ready', 'cpu'].flatMap(stat),
			...['requests', 'error_rate', 'p95', 'instances.ready'].flatMap(byService),
			...together(known, PERCENTILES, { title: 'percentiles', width: 12 }),
			...together(known, ['limited', 'shed', 'held', 'hold.refused', 'aborted'], {
				title: 'refused, held, left',
				width: 12,
			}),
			...lines(known, 'cache.hit_ratio', { by: 'service', width: 8 }),
			...lines(known, 'cache.memory', { width: 8 }),
			...lines(known, 'cache.evicted', { width: 8 }),
			...together(known, ['compress.in', 'compress.out'], { title: 'compressed: bytes before and after', width: 12 }),
			...lines(known, 'compress.ratio', { by: 'coding', width: 12 }),
			...lines(known, 'memory.used', { width: 8 }),
			...lines(known, 'event_loop.lag', { by: 'worker', width: 8 }),
			...lines(known, 'disk.used', { by: 'mount', width: 8 }),
		],
	);
}

function service(known: Known): object {
	const where = 'service=~"$service"';
	const byRoute = (name: string): Panel[] => lines(known, name, { where, by: 'route', width: 12 });
	const parts = ['latency.queue', 'latency.connect', 'latency.first_byte', 'latency.transfer', 'latency.own'];
	return dashboard(
		'service',
		['service'],
		[
			...['requests', 'error_rate', 'p50', 'p95', 'p99', 'apdex'].flatMap((name) =>
				lines(known, name, { where, width: 4, stat: true }),
			),
			...['requests', 'errors', 'p95', 'p99'].flatMap(byRoute),
			...together(known, PERCENTILES, { title: 'percentiles', where, width: 12 }),
			...together(known, parts, { title: 'where the time is spent', where, width: 12 }),
			...together(known, ['bytes.in', 'bytes.out'], { title: 'bytes', where, width: 12 }),
			...together(known, ['retries', 'held', 'limited', 'shed', 'aborted'], {
				title: 'retries and refusals',
				where,
				width: 12,
			}),
			...together(known, CACHE, { title: 'cache', where, width: 12 }),
			...lines(known, 'cache.hit_ratio', { where, by: 'route', width: 12 }),
			...together(known, ['instances.ready', 'instances.desired'], { title: 'instances', where, width: 12 }),
			...lines(known, 'slo.burn', { where, by: 'route', width: 12 }),
			...lines(known, 'hold.refused', { where, by: 'cause', width: 8 }),
			...lines(known, 'probes.failed', { where, by: 'cause', width: 8 }),
			...lines(known, 'probes.duration', { where, by: 'pool', width: 8 }),
			...LANES.flatMap((name) => lines(known, name, { where, by: 'lane', width: 8 })),
			...lines(known, 'jobs.errors', { where, by: 'code', width: 8 }),
			...SPEND.flatMap((name) => lines(known, name, { where, by: 'tenant', width: 8 })),
		],
	);
}

/** Figures tell only of one set of labels, so these are of the metrics themselves. */
function instances(): object {
	const where = '{service=~"$service",instance=~"$instance"}';
	const legend = '{{service}} {{instance}}';
	const panel = (title: string, expr: string, of: Pick<Panel, 'unit' | 'text'> & { perSecond?: boolean }): Panel => ({
		title,
		perSecond: false,
		queries: [{ expr, legend }],
		kind: 'timeseries',
		width: 12,
		...of,
	});
	const rate = (metric: string, more = ''): string =>
		`sum by (service,instance) (rate(${metric}${where.replace('}', `${more}}`)}[${OVER}]))`;
	const max = (metric: string): string => `max by (service,instance) (${metric}${where})`;
	const requests = rate('ballast_instance_requests_total');
	const failed = rate('ballast_instance_responses_total', ',class="5xx"');
	const p95 = `histogram_quantile(0.95, sum by (le,service,instance) (rate(ballast_instance_duration_seconds_bucket${where}[${OVER}])))`;
	return dashboard(
		'instances',
		['service', 'instance'],
		[
			panel('requests', requests, { unit: 'number', perSecond: true, text: 'By the instance that answered last' }),
			panel('error rate', `${failed} / (${requests} > 0)`, { unit: 'ratio', text: 'Share of answers of 5xx' }),
			panel('p95', p95, { unit: 'seconds', text: '95 % of requests took no longer than this' }),
			panel('in flight', max('ballast_instance_in_flight'), { unit: 'number', text: 'Attempts under way' }),
			panel('cpu', rate('ballast_instance_cpu_seconds_total'), { unit: 'ratio', text: 'Of one core' }),
			panel('memory', max('ballast_instance_memory_bytes'), { unit: 'bytes', text: 'Resident memory' }),
			panel('file descriptors', max('ballast_instance_fds'), { unit: 'number', text: 'Open file descriptors' }),
			panel('bytes out', rate('ballast_instance_response_bytes_total'), {
				unit: 'bytes',
				perSecond: true,
				text: 'Payload',
			}),
		],
	);
}

function dashboard(name: string, labels: readonly string[], panels: readonly Panel[]): object {
	return {
		uid: `ballast-${name}`,
		title: `Ballast ${name}`,
		tags: ['ballast'],
		schemaVersion: 39,
		version: 1,
		editable: true,
		refresh: '10s',
		time: { from: 'now-1h', to: 'now' },
		templating: { list: [datasourceVariable(), ...labels.map(labelVariable)] },
		panels: laidOut(panels),
	};
}

const datasourceVariable = (): object => ({
	name: 'datasource',
	label: 'Prometheus',
	type: 'datasource',
	query: 'prometheus',
});

function labelVariable(label: string): object {
	const of = label === 'instance' ? 'ballast_instance_requests_total{service=~"$service"}' : 'ballast_requests_total';
	return {
		name: label,
		type: 'query',
		datasource: DATASOURCE,
		query: { query: `label_values(${of}, ${label})`, refId: label },
		refresh: 2,
		sort: 1,
		multi: true,
		includeAll: true,
		allValue: '.*',
		current: { selected: true, text: ['All'], value: ['$__all'] },
	};
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
