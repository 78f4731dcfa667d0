/** Short forms for what many figures are made of. */
import { type Figure, figure, type Part, rate } from './figure-form.ts';

export const ROUTE = ['service', 'route'] as const;

export const of = (metric: string, where?: Part['where']): Part =>
	where === undefined ? { metric } : { metric, where };

/** A counter as so many a second; of routes, if nothing else is said. */
export const counted = (name: string, metric: string, text: string, labels: readonly string[] = ROUTE): Figure =>
	figure({ name, unit: 'number', perSecond: true, text }, rate(labels, of(metric)));
