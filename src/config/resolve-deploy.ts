/** Roll-outs: what the service says, over `defaults`, over what is usual. */
import { formatDuration, parseDuration, parseShare } from '../core/units.ts';
import { DEFAULT_DEPLOY, type DeployBy, type DeployConfig, type DeployInput, parseDeployBy } from '../deploy/config.ts';
import type { ServiceConfig } from './config.ts';
import type { Place } from './scope.ts';

type Long = Exclude<DeployInput, string[]>;

interface Inputs {
	own: DeployInput | undefined;
	base: DeployInput | undefined;
}

export function resolveDeploy({ own, base }: Inputs, place: Place): DeployConfig {
	const said = long(own);
	const merged = { ...long(base), ...said };
	// Of the two, what is only inherited gives way.
	if (said.by !== undefined && said.steps === undefined) delete merged.steps;
	if (said.steps !== undefined && said.by === undefined) delete merged.by;
	const by = byOf(merged.by);
	const config: DeployConfig = {
		steps: shares(merged.steps, DEFAULT_DEPLOY.steps),
		everyMs: ms(merged.every, DEFAULT_DEPLOY.everyMs),
		requests: merged.requests ?? DEFAULT_DEPLOY.requests,
		errors: share(merged.errors, DEFAULT_DEPLOY.errors),
		latency: merged.latency === 'off' ? null : ((merged.latency as number | undefined) ?? DEFAULT_DEPLOY.latency),
		by,
		mirror: merged.mirror === undefined || merged.mirror === 'off' ? 0 : share(merged.mirror, 0),
		instances: merged.instances ?? null,
		giveUpMs: ms(merged.giveUp, DEFAULT_DEPLOY.giveUpMs),
	};
	if (merged.giveUp === undefined) config.giveUpMs = Math.max(config.giveUpMs, 10 * config.everyMs);
	if (own !== undefined) checkItself(config, said, { place, steps: Array.isArray(own) ? place : place.at('steps') });
	return config;
}

/** What a `deploy` has to do with the rest of its service. `place`: that of `deploy`. */
export function checkDeploy(service: ServiceConfig, input: DeployInput | undefined, place: Place): void {
	const { balance, deploy, pools } = service;
	if (deploy.by.kind === 'cookie' && balance.cookie?.name === deploy.by.name) {
		const message = `expected another cookie than the one that \`balance\` keeps every client at its instance with`;
		place.at('by').problem(message, { value: `cookie:${deploy.by.name}` });
	}
	const [pool] = pools;
	if (input === undefined || pool === undefined) return;
	const why =
		pools.length > 1
			? 'is for services with one pool'
			: pool.instances.kind === 'run'
				? null
				: `is for instances of \`run\`, not of \`${pool.instances.kind}\``;
	if (why !== null) place.warn(`this has no effect: \`ballast deploy\` ${why}`, { at: 'key' });
}

function checkItself(config: DeployConfig, said: Long, at: { place: Place; steps: Place }): void {
	const { place, steps } = at;
	for (const [index, step] of config.steps.entries()) {
		const before = config.steps[index - 1];
		if (said.steps === undefined || before === undefined || step > before) continue;
		steps.at(index).problem(`expected more than the step before, which is ${said.steps[index - 1]}`, {
			value: said.steps[index],
		});
	}
	if (said.steps !== undefined && config.by.kind !== 'weight') {
		const message = `expected nothing here: with \`by: ${config.by.kind}:${config.by.name}\` the requests are marked and not shared out`;
		steps.problem(message, { at: 'key', related: [place.at('by').path] });
	}
	if (said.giveUp !== undefined && config.giveUpMs <= config.everyMs) {
		place.at('giveUp').problem(`expected more than \`every\`, which is ${formatDuration(config.everyMs)}`, {
			value: said.giveUp,
			related: [place.at('every').path],
		});
	}
}

const long = (input: DeployInput | undefined): Long => (Array.isArray(input) ? { steps: input } : { ...input });

const byOf = (input: string | undefined): DeployBy =>
	(input === undefined ? undefined : parseDeployBy(input)) ?? DEFAULT_DEPLOY.by;

const ms = (text: string | undefined, otherwise: number): number =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);

const share = (text: string | undefined, otherwise: number): number =>
	text === undefined ? otherwise : (parseShare(text) ?? otherwise);

const shares = (texts: string[] | undefined, otherwise: number[]): number[] =>
	texts === undefined ? otherwise : texts.map((text) => share(text, 0.01));
