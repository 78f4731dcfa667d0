/** Figures of places upstream, such as accounts: their slots, their pace, what is left there; and of what is spent. */
import { type Figure, type FigureForm, figure, gauge, rate, ratio } from './figure-form.ts';
import { counted, of, ROUTE } from './figure-words.ts';

const LANE = [...ROUTE, 'lane'] as const;
const TENANT = ['service', 'tenant'] as const;

/** A counter as so many an hour. */
function hourly(labels: readonly string[], metric: string): FigureForm {
	const form = rate(labels, of(metric));
	return { ...form, value: (windows) => 3600 * form.value(windows), promql: `3600 * (${form.promql ?? ''})` };
}

export const LANE_FIGURES: readonly Figure[] = [
	figure(
		{ name: 'lanes.running', unit: 'number', text: 'Jobs that a place upstream, such as an account, has' },
		gauge(LANE, 'ballast_lane_running'),
	),
	figure(
		{ name: 'lanes.slots', unit: 'number', text: 'Jobs that it may have now; fewer while others use it, too' },
		gauge(LANE, 'ballast_lane_slots'),
	),
	figure(
		{ name: 'lanes.wait', unit: 'seconds', text: 'Mean wait of a job for a slot there' },
		ratio(LANE, [of('ballast_lane_wait_seconds_total')], of('ballast_lane_started_total')),
	),
	figure(
		{
			name: 'lanes.time',
			unit: 'seconds',
			text: 'Mean time of a job that succeeded there, from the call that began it',
		},
		ratio(LANE, [of('ballast_lane_run_seconds_total')], of('ballast_lane_done_total')),
	),
	figure(
		{ name: 'lanes.hourly', unit: 'number', text: 'Jobs that succeed there in an hour, at the present pace' },
		hourly(LANE, 'ballast_lane_done_total'),
	),
	figure(
		{ name: 'credit.left', unit: 'number', text: 'What is left at a place upstream, in its own unit' },
		gauge(LANE, 'ballast_credit_left', 'min'),
	),
	figure(
		{ name: 'credit.low', unit: 'number', text: '1: less is left there than `credit.below`' },
		gauge(LANE, 'ballast_credit_low', 'max'),
	),
	figure(
		{ name: 'credit.unread', unit: 'number', text: '1: it is asked for in vain, and not known any more' },
		gauge(LANE, 'ballast_credit_unread', 'max'),
	),
	figure(
		{ name: 'credit.age', unit: 'seconds', text: 'Since it last told what is left there' },
		gauge(LANE, 'ballast_credit_age_seconds', 'max'),
	),
	figure(
		{
			name: 'spend.used',
			unit: 'number',
			text: 'What counts against the limit of a tenant now, by the prices of `spend`',
		},
		gauge(TENANT, 'ballast_spend_used', 'max'),
	),
	figure(
		{ name: 'spend.limit', unit: 'number', text: 'Most that a tenant may spend within the time that is now' },
		gauge(TENANT, 'ballast_spend_limit', 'max'),
	),
	figure(
		{
			name: 'spend.hourly',
			unit: 'number',
			text: 'What jobs cost in an hour that the upstream takes, at the present pace',
		},
		hourly(TENANT, 'ballast_spend_total'),
	),
	counted('spend.refused', 'ballast_spend_refused_total', 'Requests refused since too much would be spent', TENANT),
];
