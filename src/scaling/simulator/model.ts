/** What instances and the way to them are taken to be like. */
import type { Distribution } from './distribution.ts';

export interface Model {
	/** How long an instance works on a request, alone with it. */
	serviceTime: Distribution;
	/** Requests that an instance works on at once, 1…100,000; others wait within it. */
	concurrency: number;
	/** CPU of one request, ms of one core; null: an instance with all its places taken is at 100 %. */
	cpuMs: number | null;
	/** Cores of an instance, above 0. */
	cores: number;
	/** From the order until an instance is ready. */
	startUp: Distribution;
	/** From ready until it is as fast as the others, ms, and how many times slower it is until then, ≥ 1. */
	warmUpMs: number;
	warmUpFactor: number;
	/** Longest wait, ms; who waits longer goes unmet. */
	patienceMs: number;
	/** Most requests that wait at one instance; above it they are refused. Infinity: no bound. */
	queue: number;
	/** Most requests that are held while no instance is ready. */
	hold: number;
}

/** Requests that an instance can really work on at once: its places, or what its CPU is enough for. */
export function placesOf({ concurrency, cpuMs, cores, serviceTime }: Model): number {
	if (cpuMs === null || cpuMs <= 0) return concurrency;
	return Math.max(1, Math.min(concurrency, Math.floor((cores * serviceTime.meanMs) / cpuMs + 1e-9)));
}

/** Share of an instance's CPU that one request takes while it is worked on. */
export function cpuShareOf(model: Model): number {
	const { cpuMs, cores, serviceTime, concurrency } = model;
	if (cpuMs === null || serviceTime.meanMs === 0) return 1 / concurrency;
	return cpuMs / serviceTime.meanMs / cores;
}

/** Requests a second that one instance can do. */
export function capacityOf(model: Model): number {
	return (placesOf(model) * 1000) / model.serviceTime.meanMs;
}
