/** Panels of Grafana's dashboards (schema 39), of which only what differs from its defaults is written. */
import type { FigureInfo, Unit } from '../core/metric.ts';

export interface PanelQuery {
	expr: string;
	legend: string;
}

export interface Panel {
	title: string;
	/** What it says, shown at its corner. */
	text: string;
	unit: Unit;
	perSecond: boolean;
	queries: readonly PanelQuery[];
	/** `stat`: the last value, large. */
	kind: 'timeseries' | 'stat';
	/** Of 24. */
	width: number;
}

/** Each dashboard is asked which Prometheus it is of. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

const UNITS: Readonly<Record<Unit, string>> = { number: 'short', seconds: 's', bytes: 'bytes', ratio: 'percentunit' };
const RATES: Readonly<Record<Unit, string>> = { number: 'reqps', seconds: 's', bytes: 'Bps', ratio: 'percentunit' };
const HEIGHTS = { stat: 4, timeseries: 8 } as const;

/** A panel of one figure; undefined: Prometheus does not have it. */
export function figurePanel(
	figure: FigureInfo | undefined,
	queries: readonly (PanelQuery | null)[],
	shape: Pick<Panel, 'kind' | 'width'>,
): Panel | undefined {
	const known = queries.filter((query) => query !== null);
	if (figure === undefined || known.length === 0) return undefined;
	const { name, text, unit, perSecond } = figure;
	return { title: name, text, unit, perSecond, queries: known, ...shape };
}

/** From left to right, the next row below where there is no more room. */
export function laidOut(panels: readonly Panel[]): object[] {
	let [x, y, height] = [0, 0, 0];
	return panels.map((panel, at) => {
		const tall = HEIGHTS[panel.kind];
		if (x + panel.width > 24) {
			x = 0;
			y += height;
			height = 0;
		}
		const gridPos = { x, y, w: panel.width, h: tall };
		x += panel.width;
		height = Math.max(height, tall);
		return { id: at + 1, gridPos, ...panelJson(panel) };
	});
}

function panelJson({ title, text, unit, perSecond, queries, kind }: Panel): object {
	const format = (perSecond ? RATES : UNITS)[unit];
	return {
		type: kind,
		title,
		description: text,
		datasource: DATASOURCE,
		fieldConfig: {
			defaults: {
				unit: format,
				...(unit === 'ratio' ? {} : { min: 0 }),
				custom: kind === 'timeseries' ? { fillOpacity: 8, showPoints: 'never' } : {},
			},
			overrides: [],
		},
		options:
			kind === 'stat'
				? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area' }
				: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
		targets: queries.map(({ expr, legend }, at) => ({
			refId: String.fromCharCode(65 + at),
			datasource: DATASOURCE,
			expr,
			legendFormat: legend,
		})),
	};
}
