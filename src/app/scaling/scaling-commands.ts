import { BallastError } from '../../core/errors.ts';
import type { DecisionRecord } from '../../scaling/decision.ts';
import type { KeptDecision } from '../../scaling/decision-store.ts';
import type { ScalePolicy } from '../../scaling/policy.ts';
import { sentence } from '../../scaling/sentence.ts';
import { optionalText, textOf } from '../command-text.ts';
import type { StoreLink } from '../store-link.ts';

const DAY_MS = 86_400_000;

export interface ScalingAsked {
	view(): { pool: string; policy: ScalePolicy; last: DecisionRecord | null }[];
	/** What size would do; ''. */
	advice(pool: string): string;
	store: Pick<StoreLink, 'ask'>;
}

/** What the control socket is asked about scaling; null: it is another command. */
export function scalingCommand(
	name: string,
	args: Readonly<Record<string, unknown>>,
	asked: ScalingAsked,
): Promise<unknown> | null {
	switch (name) {
		case 'scaling':
			return Promise.resolve(asked.view().map((one) => ({ ...masked(one), advice: asked.advice(one.pool) })));
		case 'scaling-history':
			return history(args, asked);
		case 'scaling-decision':
			return explain(textOf(args, 'id'), asked);
		default:
			return null;
	}
}

/** Without what a Prometheus is asked with: secrets are among it. */
function masked({ pool, policy, last }: ReturnType<ScalingAsked['view']>[number]): object {
	const bare = <T extends { source: ScalePolicy['signals'][number]['source'] }>(one: T): T =>
		one.source.from === 'prometheus' ? { ...one, source: { ...one.source, headers: {} } } : one;
	const now = last === null ? null : { ...last, sentence: sentence(pool, last.decision, policy) };
	return { pool, policy: { ...policy, signals: policy.signals.map(bare), steps: policy.steps.map(bare) }, last: now };
}

async function history(
	args: Readonly<Record<string, unknown>>,
	{ store, view }: ScalingAsked,
): Promise<KeptDecision[]> {
	const number = (name: string, otherwise: number): number => {
		const value = args[name];
		return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
	};
	const pool = optionalText(args, 'pool');
	const toMs = number('toMs', Date.now());
	const fromMs = number('fromMs', toMs - DAY_MS);
	const found = await store.ask('decisions', {
		pool: pool === '' ? null : pool,
		fromMs,
		toMs,
		changes: args['all'] !== true,
		limit: number('limit', 50),
	});
	if (found.length > 0 || pool === '') return found;
	const names = view().map((one) => one.pool);
	if (names.includes(pool)) return found;
	const there = names.length === 0 ? 'nothing scales itself here' : `there are: ${names.join(', ')}`;
	throw new BallastError('unknown_service', `${pool} does not scale itself; ${there}`);
}

async function explain(id: string, { store }: ScalingAsked): Promise<KeptDecision> {
	const found = await store.ask('decision', id);
	if (found === null)
		throw new BallastError('bad_command', `there is no decision ${id}; \`ballast scaling history\` lists them`);
	return found;
}
