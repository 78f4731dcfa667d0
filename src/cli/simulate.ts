/** `ballast simulate --trace FILE --policy config`: a policy tried out on a load, nothing started. */
import { writeFileSync } from 'node:fs';
import { integerOption, type ParsedArguments } from '../config/arguments.ts';
import type { Config, PoolConfig } from '../config/config.ts';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { ScalePolicy } from '../scaling/policy.ts';
import { generateTrace } from '../scaling/simulator/generate-trace.ts';
import { multiplied } from '../scaling/simulator/load.ts';
import { type ReadTrace, readTrace } from '../scaling/simulator/read-trace.ts';
import { type Report, reportOf } from '../scaling/simulator/report.ts';
import { reportPage } from '../scaling/simulator/report-page.ts';
import { engineFor, simulate as simulateLoad } from '../scaling/simulator/simulate.ts';
import { hpaPolicy, type SimulatedPolicy, simulatedPolicy } from '../scaling/simulator/simulated-policy.ts';
import { EXIT } from './command.ts';
import { fileConfig } from './file-config.ts';
import { jsonText } from './json-text.ts';
import { type History, historyLoad, historyServiceTime, historySpan } from './simulate-history.ts';
import { costOption, engineOption, loadOption, modelOptions, textOption } from './simulate-options.ts';
import { simulationLines } from './simulate-view.ts';
import type { Terminal } from './terminal.ts';

const GENERATED = 'generate:';

export async function simulate(parsed: ParsedArguments, terminal: Terminal): Promise<number> {
	const report = await run(parsed, terminal);
	const page = textOption(parsed, 'html');
	if (page !== undefined) write(page, reportPage(report));
	if (parsed.switches.has('json')) terminal.out(`${jsonText(report, 2)}\n`);
	else {
		terminal.out(`${simulationLines(report, terminal).join('\n')}\n`);
		if (page !== undefined) terminal.out(`\nwritten to ${inert(page)}\n`);
	}
	return EXIT.ok;
}

async function run(parsed: ParsedArguments, terminal: Terminal): Promise<Report> {
	const name = textOption(parsed, 'trace');
	if (name === undefined)
		throw new BallastError('bad_command', 'simulate: say which load with --trace FILE, or --trace generate:diurnal');
	const seed = integerOption(parsed, 'seed', [0, 999_999_999]) ?? 1;
	const [costPerHour, factor, asked] = [costOption(parsed), loadOption(parsed), engineOption(parsed)];
	const { service, policies } = await policiesOf(parsed);
	const { policy } = policies[0] as SimulatedPolicy;
	const history = { parsed, terminal, service };
	const trace = await traceOf(name, { history, seed });
	const load = multiplied(trace.load, factor);
	const spanMs = historySpan(textOption(parsed, 'service-time'));
	const known = spanMs === undefined ? null : await historyServiceTime(history, spanMs);
	const { model, serviceTimeFrom } = modelOptions(parsed, { trace, known, cores: policy.size.cpu ?? 1 });
	const engine = asked ?? engineFor(load);
	const first = integerOption(parsed, 'instances', [0, 1_000_000]) ?? null;
	const simulated = simulateLoad({ load, model, policies, engine, seed, first, baselines: true });
	return reportOf(simulated, { name, load, model, serviceTimeFrom, policy, engine, seed, costPerHour });
}

async function traceOf(name: string, { history, seed }: { history: History; seed: number }): Promise<ReadTrace> {
	const spanMs = historySpan(name);
	if (spanMs !== undefined) return { load: await historyLoad(history, spanMs), works: 'ms' };
	if (!name.startsWith(GENERATED)) return await readTrace(name, history.service);
	return { load: generateTrace(name.slice(GENERATED.length), seed), works: 'ms' };
}

/** That of `--policy`, and those of `--compare` beside it. */
async function policiesOf(parsed: ParsedArguments): Promise<{ service: string; policies: SimulatedPolicy[] }> {
	const service = textOption(parsed, 'service');
	const first = await policyOf(textOption(parsed, 'policy'), service);
	const without = parsed.values.get('without') ?? [];
	const policies = [simulatedPolicy(first.file, lessSignals(first.policy, without))];
	for (const other of parsed.values.get('compare') ?? []) {
		if (other === 'hpa') {
			policies.push(hpaPolicy((policies[0] as SimulatedPolicy).policy));
			continue;
		}
		const { file, policy } = await policyOf(other, service ?? `${first.service}/${first.pool}`);
		policies.push(simulatedPolicy(file, lessSignals(policy, without, false)));
	}
	return { service: first.service, policies };
}

interface FoundPolicy {
	file: string;
	service: string;
	pool: string;
	policy: ScalePolicy;
}

/** `wanted`: `videos` or `videos/standby`; undefined: the only one that there is. */
async function policyOf(path: string | undefined, wanted: string | undefined): Promise<FoundPolicy> {
	const { config, file } = await fileConfig(path);
	const pools = poolsOf(config);
	const names = pools.map(({ service, pool }) => `${service}/${pool.name}`);
	const [only] = pools;
	if (only === undefined)
		throw new BallastError('bad_command', `simulate: ${inert(file)} has no service with instances`);
	const of = ({ service, pool }: (typeof pools)[number]) => ({ file, service, pool: pool.name, policy: pool.scale });
	if (pools.length === 1 && wanted === undefined) return of(only);
	const services = [...new Set(pools.map(({ service }) => service))];
	if (wanted === undefined && services.length > 1)
		throw new BallastError('bad_command', `simulate: say which with --service: ${services.map(inert).join(', ')}`);
	const found = pools.find(
		({ service, pool }) => wanted === `${service}/${pool.name}` || wanted === service || wanted === undefined,
	);
	if (found !== undefined) return of(found);
	const near = closest(wanted ?? '', [...services, ...names]);
	const meant = near === undefined ? `there are ${services.map(inert).join(', ')}` : `did you mean \`${inert(near)}\`?`;
	throw new BallastError('unknown_service', `simulate: ${inert(file)} has no service ${inert(wanted ?? '')}; ${meant}`);
}

function poolsOf({ services }: Config): { service: string; pool: PoolConfig }[] {
	return services.flatMap(({ name, pools }) => pools.map((pool) => ({ service: name, pool })));
}

/** Without the signals and steps of these names; `strict`: each must be there. */
function lessSignals(policy: ScalePolicy, names: readonly string[], strict = true): ScalePolicy {
	const all = [...policy.signals, ...policy.steps].map(({ name }) => name);
	const unknown = strict ? names.find((name) => !all.includes(name)) : undefined;
	if (unknown !== undefined)
		throw new BallastError(
			'bad_command',
			`--without: the policy has no signal ${inert(unknown)}; it has ${all.map(inert).join(', ') || 'none'}`,
		);
	const stays = ({ name }: { name: string }) => !names.includes(name);
	return { ...policy, signals: policy.signals.filter(stays), steps: policy.steps.filter(stays) };
}

function write(path: string, text: string): void {
	try {
		writeFileSync(path, text);
	} catch (error) {
		throw new BallastError('command_failed', `simulate: ${inert((error as Error).message)}`);
	}
}
