/** A roll-out as `ballast status` shows it. */
import type { DeployConfig } from '../deploy/config.ts';
import type { Rollout, Seen } from '../deploy/rollout.ts';
import { type Durations, quantile, type Sample, since } from '../deploy/sample.ts';
import { stagesOf, stageText } from '../deploy/stages.ts';

/** What a version did in the present step. */
export interface VersionView {
	requests: number;
	failed: number;
	p95Ms: number;
}

export interface RolloutView {
	/** Of the new version. */
	pool: string;
	command: string;
	phase: Rollout['phase'];
	/** From 1; 0: it has not begun. */
	step: number;
	steps: number;
	/** What goes to the new version: `1 % of the requests`. */
	gets: string;
	old: VersionView;
	fresh: VersionView;
	/** The last verdict; may be empty. */
	verdict: string;
}

export function viewOf(
	of: { fresh: string; command: string; config: DeployConfig },
	{ rollout, seen }: { rollout: Rollout; seen: Seen },
	durations: Durations,
): RolloutView {
	const stages = stagesOf(of.config);
	const stage = stages[rollout.stage];
	const { phase, before, why } = rollout;
	const version = (sample: Sample, earlier: Sample): VersionView => {
		const { attempts, failed, ...rest } = since(sample, earlier);
		return { requests: attempts, failed, p95Ms: quantile({ attempts, failed, ...rest }, durations, 0.95) / 1000 };
	};
	const mirrors = stage?.kind === 'mirror';
	return {
		pool: of.fresh,
		command: of.command,
		phase,
		step: phase === 'starting' ? 0 : rollout.stage + 1,
		steps: stages.length,
		gets: gets(phase, stage === undefined ? '' : stageText(stage)),
		old: mirrors ? version(seen.copied, before.copied) : version(seen.old, before.old),
		fresh: version(seen.fresh, before.fresh),
		verdict: why,
	};
}

function gets(phase: Rollout['phase'], stage: string): string {
	if (phase === 'promoting') return 'all requests';
	return phase === 'starting' || phase === 'back' ? 'no requests' : stage;
}
