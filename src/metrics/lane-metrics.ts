/** Metrics of places upstream, and of what is spent there. */
import { LANE_COUNTERS, LANE_GAUGES, SPEND_COUNTERS, SPEND_GAUGES } from './metric-names.ts';
import { type Counter, counters, type Gauge, gauges, type Row } from './metric-rows.ts';
import type { LaneReading, SpendReading } from './node-readers.ts';
import type { Registry } from './registry.ts';

export function readLanes(registry: Registry, lanes: readonly LaneReading[]): void {
	const rows = (value: (lane: LaneReading) => number | null): Row[] =>
		lanes.map((lane) => [[lane.service, lane.route, lane.lane], value(lane) ?? Number.NaN]);
	const gauged: readonly [Gauge, (lane: LaneReading) => number | null][] = [
		[LANE_GAUGES.ballast_lane_running, ({ running }) => running],
		[LANE_GAUGES.ballast_lane_slots, ({ slots }) => slots],
		[LANE_GAUGES.ballast_credit_left, ({ credit }) => credit?.left ?? null],
		[LANE_GAUGES.ballast_credit_low, ({ credit }) => (credit === null ? null : Number(credit.low))],
		[LANE_GAUGES.ballast_credit_unread, ({ creditUnread }) => (creditUnread === null ? null : Number(creditUnread))],
		[LANE_GAUGES.ballast_credit_age_seconds, ({ creditAgeSeconds }) => creditAgeSeconds],
	];
	for (const [metric, value] of gauged) gauges(registry, metric, rows(value));
	const counted: readonly [Counter, (lane: LaneReading) => number][] = [
		[LANE_COUNTERS.ballast_lane_started_total, ({ started }) => started],
		[LANE_COUNTERS.ballast_lane_wait_seconds_total, ({ waitedSeconds }) => waitedSeconds],
		[LANE_COUNTERS.ballast_lane_done_total, ({ done }) => done],
		[LANE_COUNTERS.ballast_lane_run_seconds_total, ({ ranSeconds }) => ranSeconds],
	];
	for (const [metric, value] of counted) counters(registry, metric, rows(value));
}

export function readSpending(registry: Registry, spending: readonly SpendReading[]): void {
	const rows = (value: (one: SpendReading) => number | null): Row[] =>
		spending.map((one) => [[one.service, one.tenant], value(one) ?? Number.NaN]);
	gauges(
		registry,
		SPEND_GAUGES.ballast_spend_used,
		rows(({ used }) => used),
	);
	gauges(
		registry,
		SPEND_GAUGES.ballast_spend_limit,
		rows(({ limit }) => limit),
	);
	counters(
		registry,
		SPEND_COUNTERS.ballast_spend_total,
		rows(({ spent }) => spent),
	);
	counters(
		registry,
		SPEND_COUNTERS.ballast_spend_refused_total,
		rows(({ refused }) => refused),
	);
}
