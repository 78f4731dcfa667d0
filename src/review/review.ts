/** What one would say after a look at all figures: pure, so that it can be tried on made ones. */
import type { Finding } from './finding.ts';
import type { AlertObserved, Observed } from './observed.ts';
import { failingService, saturatedHost, saturatedService } from './review-load.ts';
import { tooBig, tooSmall, uneven } from './review-sizes.ts';
import { whereTimeGoes } from './review-time.ts';
import { counted, percent, rate, time } from './words.ts';

/** An alert that never fired says something only after so long. */
const NEVER_MS = 7 * 86_400_000;
/** Of the time: an alert that fires so long is background. */
const ALWAYS = 0.9;
const LEAST_OVER_MS = 3_600_000;
/** Firings a day that nobody reads any more. */
const OFTEN = 10;
const ORDER: Record<Finding['weight'], number> = { problem: 0, advice: 1, note: 2 };

/** The heavier first within a kind; kinds in the order in which one would ask. */
export function review(observed: Observed): Finding[] {
	const { services, host, alerts } = observed;
	const each = (find: (service: Observed['services'][number]) => Finding[]) =>
		services.flatMap(find).sort((a, b) => ORDER[a.weight] - ORDER[b.weight]);
	return [
		...saturatedHost(host),
		...each(saturatedService),
		...each((service) => failingService(service, observed)),
		...whereTimeGoes(observed),
		...each((service) => tooSmall(service, observed)),
		...each((service) => tooBig(service, observed)),
		...each((service) => uneven(service, observed)),
		...alerts.flatMap(reviewAlert),
		...unseen(observed),
	].toSorted((a, b) => kindOrder(a) - kindOrder(b));
}

const KINDS: readonly Finding['kind'][] = ['saturated', 'failing', 'small', 'uneven', 'time', 'big', 'alert', 'blind'];

const kindOrder = ({ kind }: Finding): number => KINDS.indexOf(kind);

function reviewAlert({ name, overMs, firedMs, firings, known }: AlertObserved): Finding[] {
	const finding = (weight: Finding['weight'], text: string): Finding[] => [
		{ kind: 'alert', weight, about: { alert: name }, text, figures: [] },
	];
	const span = time(overMs / 1000);
	if (overMs >= LEAST_OVER_MS && firedMs >= overMs * ALWAYS)
		return finding(
			'advice',
			`The alert ${name} fired for ${percent(Math.min(1, firedMs / overMs))} of the last ${span}: what it says is normal here. Repair it, or raise its limit.`,
		);
	const perDay = (firings / overMs) * 86_400_000;
	if (firings >= OFTEN && perDay >= OFTEN)
		return finding(
			'advice',
			`The alert ${name} fired ${firings} times in ${span}: nobody reads that. A longer \`for\`, or a limit further away.`,
		);
	if (!known && overMs >= LEAST_OVER_MS)
		return finding('advice', `The alert ${name} cannot fire: nothing was known of its figure in the last ${span}.`);
	if (firings === 0 && firedMs === 0 && overMs >= NEVER_MS)
		return finding('note', `The alert ${name} has not fired in ${span}. Does it still watch for something?`);
	return [];
}

/** What could not be seen, so that silence is not taken for health. */
function unseen({ services, seriesDropped, logsDropped, fromMs, toMs }: Observed): Finding[] {
	const found: Finding[] = [];
	const add = (weight: Finding['weight'], text: string, figures: Finding['figures'] = []) =>
		found.push({ kind: 'blind', weight, about: {}, text, figures });
	if (seriesDropped > 0)
		add(
			'problem',
			`Measured series found no room (${rate(seriesDropped)}), so something is not counted: raise \`metrics.series\`, or use fewer routes.`,
			[{ name: 'series.dropped', value: seriesDropped, unit: 'number' }],
		);
	if (logsDropped > 0)
		add(
			'problem',
			`Log records were dropped (${rate(logsDropped)}): the disk is too slow or full, or there are too many.`,
			[{ name: 'logs.dropped', value: logsDropped, unit: 'number' }],
		);
	const quiet = services.filter(({ requests, routes }) => !(requests > 0) && routes.length > 0);
	if (services.length > 0 && quiet.length === services.length)
		add('note', `Nobody asked for anything in the last ${time((toMs - fromMs) / 1000)}.`);
	else if (quiet.length > 0)
		add(
			'note',
			`${counted(quiet.length, 'service')} had no requests: ${quiet
				.slice(0, 5)
				.map(({ name }) => name)
				.join(', ')}${quiet.length > 5 ? ', …' : ''}.`,
		);
	return found;
}
