import { randomBytes } from 'node:crypto';
import { closest } from '../core/closest.ts';
import { BallastError } from '../core/errors.ts';
import { JOB_STATES, type Job, type JobState } from '../jobs/job.ts';
import type { JobChange, QueueView } from '../jobs/job-store.ts';
import { MICRO } from '../jobs/spend/spend-policy.ts';
import type { JobsLink } from './jobs-link.ts';
import { jobView } from './offload/job-view.ts';

/** What an operator sees of a job, beside what its owner does. */
function operatorView(job: Job): Record<string, unknown> {
	const { queue, group, owner, priority, lane, externalId, spent } = job;
	const view = { ...jobView(job, ''), queue, group, owner, priority, lane, externalId, result: job.result !== null };
	return spent === undefined ? view : { ...view, cost: { sum: spent.cost / MICRO, counted: spent.counted } };
}

/** @throws BallastError `bad_command`, `job_not_found`, `jobs_unavailable` */
export async function jobsCommand(jobs: JobsLink, args: Record<string, unknown>): Promise<unknown> {
	const text = (name: string): string => (typeof args[name] === 'string' ? (args[name] as string) : '');
	switch (text('do')) {
		case 'list':
			return list(jobs, args);
		case 'show':
			return { job: operatorView(found(await jobs.ask('show', text('id')), text('id'))) };
		case 'cancel':
			return change(jobs, text('id'), { kind: 'cancel', nowMs: 0 });
		case 'redrive':
			return change(jobs, text('id'), await redrive(jobs, text('id'), args['newKey'] === true));
		case 'settle': {
			const as = text('as');
			if (as !== 'succeeded' && as !== 'failed')
				throw new BallastError('bad_command', 'jobs settle: expected --as succeeded or --as failed');
			return change(jobs, text('id'), { kind: 'settle', nowMs: 0, as });
		}
		case 'pause':
		case 'resume':
			return { queue: await steer(jobs, text('queue'), text('do') === 'pause') };
		case 'receivers':
			return { receivers: await jobs.ask('receivers') };
		case 'enable':
			return { enabled: await jobs.ask('enable', text('receiver')) };
		case 'queues':
			return {
				queues: await jobs.ask('queues'),
				lanes: jobs.figures?.lanes ?? [],
				webhooks: jobs.figures?.webhooks ?? null,
				spending: jobs.figures?.spending ?? [],
			};
		default:
			throw new BallastError(
				'bad_command',
				'expected jobs list, show, cancel, redrive, settle, pause, resume, receivers, enable or queues',
			);
	}
}

/** Of a name that is mistyped nobody is to believe that it is paused. What is paused can always be resumed. */
async function steer(jobs: JobsLink, name: string, paused: boolean): Promise<QueueView> {
	const names = Object.keys(await jobs.ask('queues'));
	if (!names.includes(name) && !(await jobs.ask('queue', name)).paused) {
		const near = closest(name, names);
		const hint = near === undefined ? `there are: ${names.join(', ') || 'none'}` : `did you mean ${near}?`;
		throw new BallastError('bad_command', `there is no queue ${name}; ${hint}`);
	}
	return jobs.ask('queue', name, { paused });
}

/** With a new key the upstream takes it for another job: only for one that is known to have had no effect. */
async function redrive(jobs: JobsLink, id: string, newKey: boolean): Promise<JobChange> {
	const { upstreamKey, externalId, state } = found(await jobs.ask('show', id), id);
	// Within the life of its key the upstream would answer as it did then: by the job that it has ended.
	if (!newKey && upstreamKey !== '' && externalId !== null && (state === 'failed' || state === 'expired'))
		throw new BallastError(
			'bad_command',
			`its API took job ${id}, has ended it, and answers the same key by the same job: redrive it with --new-key`,
		);
	const fresh = newKey && upstreamKey !== '' ? { upstreamKey: randomBytes(16).toString('base64url') } : {};
	return { kind: 'redrive', nowMs: 0, ...fresh };
}

function found(job: Job | null, id: string): Job {
	if (job === null) throw new BallastError('job_not_found', `there is no job ${id}`);
	return job;
}

async function change(jobs: JobsLink, id: string, wanted: JobChange): Promise<unknown> {
	const changed = await jobs.ask('change', id, wanted);
	return { job: operatorView(found(changed?.job ?? null, id)), changed: changed?.changed === true };
}

async function list(jobs: JobsLink, args: Record<string, unknown>): Promise<unknown> {
	const { queue, group, state, after, limit } = args;
	if (state !== undefined && !JOB_STATES.includes(state as JobState))
		throw new BallastError('bad_command', `jobs list: expected a state of ${JOB_STATES.join(', ')}`);
	const page = await jobs.ask('list', {
		limit: typeof limit === 'number' ? Math.max(1, Math.min(1000, Math.trunc(limit))) : 100,
		...(typeof queue === 'string' ? { queue } : {}),
		...(typeof group === 'string' ? { group } : {}),
		...(typeof state === 'string' ? { states: [state as JobState] } : {}),
		...(typeof after === 'string' ? { after } : {}),
	});
	return { jobs: page.jobs.map(operatorView), next: page.next };
}
