/** The public entry `ballast/jobs`: durable jobs of an application's own code. It loads nothing of the gateway. */
export type { JobState } from './src/jobs/job.ts';
export type { EnqueueOptions, JobsOptions, WorkerOptions } from './src/jobs/library/job-options.ts';
export { type Handler, JobFailed, type WorkedJob } from './src/jobs/library/job-worker.ts';
export { type Jobs, type JobView, openJobs } from './src/jobs/library/open-jobs.ts';
