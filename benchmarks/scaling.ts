/**
 * `npm run bench:scaling`: five times the load on the example, second by second, and beside it what a Kubernetes HPA
 * at its defaults would have done with it (simulated). Ends with 1 when a criterion is not met. `--quick`: shorter
 * windows, half of the time; `--write`: puts the tables into docs/scaling.md.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine, machineWarnings } from './measure/machine.ts';
import { forecasts } from './scaling/forecasts.ts';
import {
	columns,
	criteriaOf,
	reactionRows,
	replaceBetween,
	seconds,
	TIMELINE_HEAD,
	tableOf,
	timelineLine,
} from './scaling/page.ts';
import { neededOf, PLAN, QUICK_PLAN } from './scaling/plan.ts';
import { runStep } from './scaling/step-run.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'scaling.md');
const quick = process.argv.includes('--quick');
const plan = quick ? QUICK_PLAN : PLAN;

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim();
const about = [
	`${new Date().toISOString().slice(0, 10)}, \`npm run bench:scaling${quick ? ' -- --quick' : ''}\`: Ballast ${version}${commit ? ` (${commit})` : ''} on ${describeMachine()}.`,
	...machineWarnings(),
].join(' ');
const what = `The example with ${plan.calm} requests a second, ${plan.rush} for ${plan.rushSeconds} s, then ${plan.calm} again; ${plan.target} for an instance, ${plan.min} to ${plan.max} of them, \`${JSON.stringify(plan.scale).replaceAll('"', '')}\`, all else as it is by default.`;

console.log(`${about}\n${what}\n\n${TIMELINE_HEAD}`);
const run = await runStep(plan, (second) => console.log(timelineLine(second, plan.target)));

console.log('');
for (const { atMs, sentence } of run.decisions) {
	const since = (atMs - run.stepMs) / 1000;
	console.log(`${since.toFixed(1).padStart(9)}  ${sentence}`);
}
const criteria = criteriaOf(run, plan);
const rows = [
	['criterion', 'asked', 'measured', ''],
	...criteria.map(({ what, asked, measured, met }) => [what, asked, measured, met ? 'met' : 'not met']),
	[`all ${neededOf(plan)} are ready`, '–', `${seconds(run.readyMs)}; one starts in ${seconds(run.startMs)}`, ''],
	['p95 of all requests', '–', `${run.p95Ms.toFixed(1)} ms`, ''],
];
const beside = reactionRows(run, plan, forecasts(run, plan));
console.log(`\n${columns(rows)}\n\n${columns(beside)}\n`);
const hpaSays =
	'The HPA is Kubernetes’ algorithm with the same target and bounds, looked at each 15 s, on figures 15 to 60 s old, with its 5 minutes of stabilisation; Ballast’s cool-down is that of the run.';
console.log(hpaSays);
if (process.argv.includes('--write')) {
	const text = `${about} ${what}\n\n${tableOf(rows)}\n\n${tableOf(beside)}\n\n${hpaSays}`;
	writeFileSync(page, replaceBetween(readFileSync(page, 'utf8'), text));
}
process.exitCode = criteria.every(({ met }) => met) ? 0 : 1;
