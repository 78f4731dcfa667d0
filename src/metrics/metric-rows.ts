/** Metrics that are set anew from plain numbers. */
import type { MetricDefinition } from '../core/metric.ts';
import type { Registry } from './registry.ts';

export type Gauge = MetricDefinition & { kind: 'gauge' };
export type Counter = MetricDefinition & { kind: 'counter' };
/** NaN: nothing is known. */
export type Row = readonly [labels: readonly string[], value: number];

export const one = (value: number | undefined): Row[] => (value === undefined ? [] : [[[], value]]);

export function gauges(registry: Registry, definition: Gauge, rows: Iterable<Row>): void {
	const metric = registry.define(definition);
	metric.refresh(() => {
		for (const [labels, value] of rows) if (!Number.isNaN(value)) metric.series(...labels).set(value);
	});
}

export function counters(registry: Registry, definition: Counter, rows: Iterable<Row>): void {
	const metric = registry.define(definition);
	metric.refresh(() => {
		for (const [labels, value] of rows) if (!Number.isNaN(value)) metric.series(...labels).read(value);
	});
}

/** Of those who count since long before they were known here. */
export function countersOn(registry: Registry, definition: Counter, rows: Iterable<Row>): void {
	const metric = registry.define(definition);
	metric.refresh(() => {
		for (const [labels, value] of rows) if (!Number.isNaN(value)) metric.series(...labels).readOn(value);
	});
}
