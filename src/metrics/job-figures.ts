/** Figures of queues, of jobs, and of the webhooks that tell of their ends. */
import { type Figure, figure, gauge, rate, ratio } from './figure-form.ts';
import { counted, of, ROUTE } from './figure-words.ts';

export const JOB_FIGURES: readonly Figure[] = [
	figure(
		{ name: 'queue.age', unit: 'seconds', text: 'Age of the oldest job that waits' },
		gauge(ROUTE, 'ballast_queue_age_seconds', 'max'),
	),
	figure({ name: 'queue.length', unit: 'number', text: 'Jobs that wait' }, gauge(ROUTE, 'ballast_queue_length')),
	figure({ name: 'queue.running', unit: 'number', text: 'Jobs under way' }, gauge(ROUTE, 'ballast_queue_running')),
	figure(
		{ name: 'queue.parked', unit: 'number', text: 'Jobs that wait for a person to decide' },
		gauge(ROUTE, 'ballast_queue_parked'),
	),
	figure(
		{ name: 'queue.wait', unit: 'seconds', text: 'Mean wait of a job for its first attempt' },
		ratio(ROUTE, [of('ballast_job_wait_seconds_total')], of('ballast_jobs_started_total')),
	),
	figure(
		{
			name: 'jobs.time',
			unit: 'seconds',
			text: 'Mean time of a job that succeeded, from the start of its last attempt',
		},
		ratio(ROUTE, [of('ballast_job_run_seconds_total')], of('ballast_jobs_ended_total', { state: 'succeeded' })),
	),
	counted('jobs.added', 'ballast_jobs_added_total', 'Requests that became jobs'),
	counted('jobs.attempts', 'ballast_job_attempts_total', 'Attempts of jobs'),
	figure(
		{ name: 'jobs.ended', unit: 'number', perSecond: true, text: 'Jobs that ended or were parked' },
		rate([...ROUTE, 'state'], of('ballast_jobs_ended_total')),
	),
	figure(
		{ name: 'jobs.failed', unit: 'number', perSecond: true, text: 'Jobs that became dead letters' },
		rate(ROUTE, of('ballast_jobs_ended_total', { state: 'failed' })),
	),
	counted('jobs.errors', 'ballast_jobs_failed_total', 'Jobs that became dead letters, by their last error', [
		...ROUTE,
		'code',
	]),
	counted('webhooks.sent', 'ballast_webhooks_sent_total', 'Webhooks that were taken', []),
	counted('webhooks.failed', 'ballast_webhooks_failed_total', 'Tries of webhooks that failed', []),
	counted('webhooks.given_up', 'ballast_webhooks_given_up_total', 'Webhooks that are not tried any more', []),
	figure(
		{ name: 'webhooks.waiting', unit: 'number', text: 'Ends of jobs that are still to be told by a webhook' },
		gauge([], 'ballast_webhooks_waiting'),
	),
];
