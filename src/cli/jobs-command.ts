/** `ballast jobs`, as `--help` and the parser see it. */
import { GLOBAL_OPTIONS } from '../config/arguments.ts';
import { type Command, JSON_OPTION } from './command.ts';

export const JOBS: Command = {
	arguments: {
		name: 'jobs',
		positionals: ['[what]', '[job, queue or receiver]'],
		// Names of jobs that an earlier version made.
		dashed: /^-[A-Za-z0-9_-]{21}$/,
		options: [
			{ name: 'queue', value: 'QUEUE', text: 'list only those of this queue' },
			{ name: 'group', value: 'GROUP', text: 'list only those of this group' },
			{ name: 'state', value: 'STATE', text: 'list only those in this state; `failed` are the dead letters' },
			{ name: 'limit', value: 'N', text: 'list so many, 1 to 1000; default: 20' },
			{ name: 'after', value: 'CURSOR', text: 'list those behind the ones before; the last line says from where' },
			{ name: 'as', value: 'STATE', text: 'settle as `succeeded` or `failed`' },
			{ name: 'new-key', text: 'redrive with another key: the API takes it for another request' },
			JSON_OPTION,
			...GLOBAL_OPTIONS,
		],
	},
	summary: 'show and steer jobs',
	about: [
		'Without a word: queues, places upstream, what is spent. list: jobs, newest first. show JOB: one of them.',
		'cancel JOB. redrive JOB: once more, of one that failed, expired or is parked; the key that the API knows it by',
		'stays the same, unless you know that nothing came of it and say --new-key. One that failed at an API that is',
		'asynchronous itself, or took too long there, needs it: the old key brings the old job.',
		'settle JOB --as succeeded|failed: you know what became of a parked one.',
		'pause QUEUE, resume QUEUE: begin none of its jobs; they are taken in all the same.',
		'receivers: of webhooks, those that answered 410 and are called no more. enable RECEIVER: one of them, or all',
		'of a host, from the next end on.',
	],
	examples: [
		['ballast jobs', 'how many wait, run, failed'],
		['ballast jobs list --state failed', 'the dead letters'],
		['ballast jobs redrive zUqI3ZJmSyWmVvB1dEuI3A', 'one of them once more'],
		['ballast jobs pause videos', 'while the API is mended'],
		['ballast jobs enable hooks.example.com', 'its receivers of webhooks are there again'],
	],
};
