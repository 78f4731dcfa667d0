/** The response cache at a glance: what a running Ballast tells of it, and the lines for that. */
import { inert } from '../core/inert.ts';
import { listOr, numberOr, textOr } from './answer-form.ts';
import { formatPercent } from './figure-view.ts';
import { formatAge, formatBytes, formatCount, plural } from './quantity.ts';
import { fieldsOf } from './queue-answer.ts';

/** Room of the cache, bytes, and answers in it. */
interface Room {
	entries: number;
	bytes: number;
	most: number;
}

export interface CacheStatus extends Room {
	/** Answers since the start that were looked up, and those of them for which no instance was asked. */
	lookedUp: number;
	hits: number;
	/** null: no bodies lie on disk. */
	disk: Room | null;
	/** Levels behind it, such as Redis, that cannot be reached. */
	down: string[];
}

/** What is passed on to a CDN. */
export interface PurgeStatus {
	name: string;
	waiting: number;
	lost: number;
	/** How long the oldest waits, ms. */
	ageMs: number;
	/** '': the last call was good. */
	lastError: string;
}

/** `services`: those of the same answer. null: nothing is cached, or that version does not tell. */
export function readCache(said: unknown, services: unknown): CacheStatus | null {
	if (typeof said !== 'object' || said === null) return null;
	const { disk, levels } = fieldsOf(said);
	const counted = listOr(services).map((service) => fieldsOf(fieldsOf(service['counts'])['cached']));
	const sum = (...results: string[]): number =>
		counted.reduce((all, cached) => results.reduce((one, result) => one + numberOr(cached[result], 0), all), 0);
	const hits = sum('hit', 'stale', 'collapsed');
	return {
		...roomOf(said),
		hits,
		lookedUp: hits + sum('revalidated', 'miss'),
		disk: typeof disk === 'object' && disk !== null ? roomOf(disk) : null,
		down: listOr(levels)
			.filter(({ down }) => down === true)
			.map(({ level }) => textOr(level)),
	};
}

function roomOf(said: unknown): Room {
	const { entries, bytes, most } = fieldsOf(said);
	return { entries: numberOr(entries, 0), bytes: numberOr(bytes, 0), most: numberOr(most, 0) };
}

/** An older version has none. */
export const readPurges = (said: unknown): PurgeStatus[] =>
	listOr(said).map(({ name, waiting, lost, ageMs, lastError }) => ({
		name: textOr(name),
		waiting: numberOr(waiting, 0),
		lost: numberOr(lost, 0),
		ageMs: numberOr(ageMs, 0),
		lastError: textOr(lastError),
	}));

export function cacheNotes(cache: CacheStatus | null, purges: readonly PurgeStatus[]): string[] {
	const lines = purges.map(purgeLine);
	if (cache === null) return lines;
	const { hits, lookedUp, disk, down } = cache;
	const ratio =
		lookedUp === 0
			? 'nothing looked up yet'
			: `${formatPercent(hits / lookedUp)} of ${plural(lookedUp, 'request')} given by it`;
	const parts = [
		ratio,
		`${plural(cache.entries, 'answer')} in ${roomText(cache)}`,
		...(disk === null ? [] : [`${roomText(disk)} of disk`]),
		...down.map((level) => `${inert(level)} cannot be reached`),
	];
	return [`cache          ${parts.join('; ')}`, ...lines];
}

const roomText = ({ bytes, most }: Room): string => `${formatBytes(bytes)} of ${formatBytes(most)}`;

function purgeLine({ name, waiting, lost, ageMs, lastError }: PurgeStatus): string {
	const waits = waiting === 0 ? 'all passed on' : `${formatCount(waiting)} waiting, the oldest for ${formatAge(ageMs)}`;
	const gone = lost === 0 ? '' : `; ${formatCount(lost)} lost`;
	const why = lastError === '' ? '' : `; ${inert(lastError)}`;
	return `purges         ${inert(name)}: ${waits}${gone}${why}`;
}
