/** Whether the requests of an instance go wrong more often than those of the others of its pool. Pure. */
import type { Tally } from './evidence.ts';
import type { SuccessRateConfig } from './outlier-config.ts';

/** Instances that are compared, at least. */
const LEAST_INSTANCES = 3;
/** A difference must be larger than chance alone makes it: so many standard deviations of a share of so many requests. */
const CHANCE = 4;
/** And at least as large as this. */
const LEAST_DIFFERENCE = 0.05;

/** Shares of requests that went well: of the instance, and the mean of the others. */
export interface RateOutlier {
	rate: number;
	others: number;
	requests: number;
}

/** For each instance what makes it an outlier; null: it is none. */
export function rateOutliers(tallies: readonly Tally[], config: SuccessRateConfig): (RateOutlier | null)[] {
	const rates = tallies.map(({ ok, failed }) => (ok + failed < config.requests ? null : ok / (ok + failed)));
	const known = rates.filter((rate) => rate !== null);
	if (known.length < LEAST_INSTANCES) return tallies.map(() => null);
	const sum = known.reduce((all, rate) => all + rate, 0);
	const squares = known.reduce((all, rate) => all + rate * rate, 0);
	return tallies.map(({ ok, failed }, at) => {
		const rate = rates[at];
		if (rate === null || rate === undefined) return null;
		const count = known.length - 1;
		const others = (sum - rate) / count;
		const deviation = Math.sqrt(Math.max(0, (squares - rate * rate) / count - others * others));
		const requests = ok + failed;
		const chance = Math.sqrt(Math.max(0, others * (1 - others)) / requests);
		const least = Math.max(config.deviations * deviation, CHANCE * chance, LEAST_DIFFERENCE);
		return others - rate >= least ? { rate, others, requests } : null;
	});
}
