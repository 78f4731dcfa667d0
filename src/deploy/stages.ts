/** The way of a new version to all requests, stage by stage. */
import type { DeployBy, DeployConfig } from './config.ts';
import { percent } from './figures.ts';

/** Which requests the new version gets. */
export type Stage =
	/** Copies of so many of the safe requests, and none of its own. */
	| { readonly kind: 'mirror'; readonly share: number }
	/** So many of all requests. */
	| { readonly kind: 'share'; readonly share: number }
	/** Those that are marked. */
	| { readonly kind: 'marked'; readonly by: Exclude<DeployBy, { kind: 'weight' }> };

export function stagesOf({ steps, by, mirror }: DeployConfig): Stage[] {
	const first: Stage[] = mirror > 0 ? [{ kind: 'mirror', share: mirror }] : [];
	if (by.kind !== 'weight') return [...first, { kind: 'marked', by }];
	return [...first, ...steps.map((share): Stage => ({ kind: 'share', share }))];
}

/**
 * Instances that the new version needs for a stage, where the old one has so many: none of its own
 * has more to do than one of the old version, or it would be judged by that.
 */
export function instancesFor(stage: Stage, config: DeployConfig, desired: number): number {
	if (config.instances !== null) return config.instances;
	const share = stage.kind === 'marked' ? 0 : stage.share;
	const alike = stage.kind === 'share' ? share / (1 - share) : share;
	return Math.max(1, Math.min(desired, Math.ceil(desired * alike)));
}

/** `1 % of the requests`, as what goes to the new version. */
export function stageText(stage: Stage): string {
	if (stage.kind === 'share') return `${percent(stage.share)} of the requests`;
	if (stage.kind === 'mirror') return `copies of ${percent(stage.share)} of the GET and HEAD requests`;
	return stage.by.kind === 'header' ? `requests with ${stage.by.name}` : `requests with the cookie ${stage.by.name}`;
}
