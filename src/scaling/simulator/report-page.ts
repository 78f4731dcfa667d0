/** A simulation as one HTML page: no script, nothing from elsewhere. */
import { escaped } from './markup.ts';
import type { Outcome, Point } from './outcome.ts';
import { costOf, type Report } from './report.ts';
import { type PlotLine, svgPlot } from './svg-plot.ts';

const COLOURS = ['#2563eb', '#dc2626', '#059669', '#d97706', '#7c3aed', '#0891b2'];
const [PEAK_COLOUR, KNOWING_COLOUR, LOAD_COLOUR] = ['#9ca3af', '#4b5563', '#dbeafe'];

const STYLE = `
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #111827; background: #fff; }
h1 { font-size: 1.3rem; } table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #e5e7eb; text-align: right; } th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; margin: .5rem 0; } svg path { stroke-width: 1.5; } .grid { stroke: #e5e7eb; }
.mark { font-size: 11px; fill: #6b7280; } .title { font-size: 13px; font-weight: 600; fill: #111827; }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; } .bad { color: #b91c1c; font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; } dt { color: #6b7280; } dd { margin: 0; overflow-wrap: anywhere; }`;

export function reportPage(report: Report): string {
	const { trace, notes } = report;
	const policies = report.policies.map((outcome, at) => ({ outcome, colour: COLOURS[at % COLOURS.length] as string }));
	const baselines = [
		{ outcome: report.peak, colour: PEAK_COLOUR },
		{ outcome: report.clairvoyant, colour: KNOWING_COLOUR },
	].flatMap(({ outcome, colour }) => (outcome === null ? [] : [{ outcome, colour }]));
	const span = { fromMs: trace.fromMs, toMs: trace.fromMs + trace.spanMs };
	const line = (read: (point: Point) => number | null, stepped: boolean) => (drawn: Drawn) =>
		lineOf(drawn, read, stepped);
	const plots = [
		svgPlot({
			...span,
			title: 'Instances that are ready',
			lines: [...baselines, ...policies].map(line(({ ready }) => ready, true)),
			format: short,
		}),
		svgPlot({ ...span, title: 'Requests a second', lines: policies.slice(0, 1).map(loadLine), format: short }),
		svgPlot({ ...span, title: 'p95, ms', lines: policies.map(line(({ p95Ms }) => p95Ms, false)), format: short }),
		svgPlot({ ...span, title: 'Unmet requests', lines: policies.map(line(({ unmet }) => unmet, true)), format: short }),
	];
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Ballast: simulation of ${escaped(trace.name)}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>Simulation of ${escaped(trace.name)}</h1>
${factList(report)}
${outcomeRows([...policies, ...baselines], report.costPerHour)}
${plots.join('\n')}
${notes.map((note) => `<p>Note: ${escaped(note)}</p>`).join('\n')}
</body>
</html>
`;
}

interface Drawn {
	outcome: Outcome;
	colour: string;
}

function lineOf({ outcome, colour }: Drawn, read: (point: Point) => number | null, stepped: boolean): PlotLine {
	return {
		name: outcome.name,
		colour,
		stepped,
		points: outcome.points.map((point) => [point.atMs, read(point)] as const),
	};
}

function loadLine(drawn: Drawn): PlotLine {
	return {
		...lineOf({ ...drawn, colour: LOAD_COLOUR }, ({ requests }) => requests, false),
		name: 'requests',
		filled: true,
	};
}

function factList({ trace, model, engine, seed }: Report): string {
	const facts = [
		[
			'Load',
			`${trace.kind}: ${count(trace.requests)} requests, ${short(trace.meanPerSecond)}/s in the mean, ${short(trace.mostPerSecond)}/s at most`,
		],
		['From', `${new Date(trace.fromMs).toISOString()}, for ${short(trace.spanMs / 1000)} s`],
		['Instances', `${model.places} requests at once, ${short(model.capacity)}/s each; ready after ${model.startUp}`],
		[
			'Requests',
			`${model.serviceTime} (${model.serviceTimeFrom}); unmet after ${short(model.patienceMs / 1000)} s of waiting`,
		],
		['Engine', `${engine}, seed ${seed}`],
	];
	return `<dl>${facts.map(([name, text]) => `<dt>${escaped(name as string)}</dt><dd>${escaped(text as string)}</dd>`).join('')}</dl>`;
}

function outcomeRows(rows: readonly Drawn[], costPerHour: number | null): string {
	const heads = ['policy', 'instances', 'unmet', 'p50', 'p95', 'p99', 'instance-hours', 'cost', 'flaps', 'reaction'];
	const body = rows.map(({ outcome, colour }) => {
		const { least, most, unmet, requests, instanceSeconds, flaps, reactionMs } = outcome;
		const cost = costOf(outcome, costPerHour);
		const share = requests === 0 ? 0 : (100 * unmet) / requests;
		const cells = [
			least === most ? `${most}` : `${least}–${most}`,
			unmet < 0.5 ? '0' : `${count(unmet)} (${+share.toPrecision(2)} %)`,
			...[outcome.p50Ms, outcome.p95Ms, outcome.p99Ms].map((ms) => (ms === null ? '–' : `${short(ms)} ms`)),
			(instanceSeconds / 3600).toFixed(2),
			cost === null ? '–' : cost.toFixed(cost < 1 ? 4 : 2),
			String(flaps),
			reactionMs === null ? '–' : `${short(reactionMs / 1000)} s`,
		];
		const key = `<span class="key" style="background:${colour}"></span>`;
		const others = cells.map(
			(cell, at) => `<td${at === 1 && unmet >= 0.5 ? ' class="bad"' : ''}>${escaped(cell)}</td>`,
		);
		return `<tr><td>${key}${escaped(outcome.name)}</td>${others.join('')}</tr>`;
	});
	return `<table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

/** Three digits are enough to compare by. */
function short(value: number): string {
	return Math.abs(value) >= 1000 ? count(value) : String(+value.toPrecision(3));
}

function count(value: number): string {
	return Math.round(value).toLocaleString('en-US');
}
