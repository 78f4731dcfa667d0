import { hash32, randomFrom } from '../store/random.ts';

const minuteMs = 60_000;

export interface Course {
	/** Real-life time until the rendering begins. */
	queueMs: number;
	/** Real-life time that it takes: 5 to 15 minutes, 8 in the middle. */
	renderMs: number;
	outcome: 'completed' | 'failed';
}

/** How the rendering of that text goes: the same seed and text give the same course. */
export function courseOf(text: string, { seed, failureRate }: { seed: number; failureRate: number }): Course {
	const random = randomFrom(seed ^ hash32(text));
	const minutes = 8 * Math.exp(0.35 * normal(random));
	return {
		renderMs: Math.min(15, Math.max(5, minutes)) * minuteMs,
		queueMs: (0.1 + random() * 1.9) * minuteMs,
		outcome: random() < failureRate ? 'failed' : 'completed',
	};
}

/** A number of the standard normal distribution (Box and Muller). */
function normal(random: () => number): number {
	return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
