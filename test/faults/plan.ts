/** The faults that are made here, and what each is: the numbers are those of docs/faults.md. */
export const FAULTS = {
	'3': 'kill -9 of an instance under load',
	'4': 'one instance 2 s slow',
	'5': 'half-open TCP to an instance',
	'6': 'RST in the middle of a body',
	'7': 'DNS: NXDOMAIN, SERVFAIL, silence',
	'8': 'all instances down',
	'9': 'flapping instances',
	'10': 'kill -9 of the Redis primary that keeps jobs',
	'11': 'the Redis primary that keeps jobs stops for 16 s',
	'14': 'Redis without memory',
	'15': 'a disk too full for jobs',
	'17': 'SIGTERM under load',
	'18': 'reloads under load, a tenth of them bad',
	'20': 'kill -9 of the whole program while jobs come in',
	'25': 'retry storm',
	'26': 'slow clients',
	'27': 'header bombs',
	'28': '10 GB body',
	'29': 'request smuggling',
	'31': 'SSRF through a webhook URL',
	'34': 'a worker killed in the midst of a job',
	pool: 'a whole pool lost under load',
	release: 'a release that answers 5 % errors',
	answers: 'kills, resets, aborts and time-outs under mixed requests',
	sessions: 'the instance of a session dies',
	crashes: 'instances that die again and again',
	disk: 'a full disk',
	overload: 'more requests than the service can carry',
} as const;

export type Fault = keyof typeof FAULTS;

/** What `npm test` has no time for: there is no shorter version of these. */
export const ONLY_LONG: readonly Fault[] = ['10', '11', '14', '15', '34', 'crashes', 'disk', 'overload'];

export interface Promised {
	alert: string;
	/** From the begin of the fault until it fires. */
	seconds: number;
}

/** The alert that each fault raises: the table of docs/alerts.md. What is wanted, as SIGTERM, raises none, nor what is refused to one client; where all is killed nobody is left to. */
export const PROMISED: Readonly<Record<Exclude<Fault, '17' | '20' | '31' | '34'>, Promised>> = {
	'3': { alert: 'instance_died', seconds: 10 },
	'4': { alert: 'ejected', seconds: 15 },
	'5': { alert: 'errors', seconds: 20 },
	'6': { alert: 'errors', seconds: 30 },
	'7': { alert: 'lookup_failed', seconds: 25 },
	'8': { alert: 'no_ready_instance', seconds: 15 },
	'9': { alert: 'ejected_often', seconds: 120 },
	'10': { alert: 'store_failing', seconds: 20 },
	'11': { alert: 'store_failing', seconds: 20 },
	'14': { alert: 'store_failing', seconds: 20 },
	'15': { alert: 'store_failing', seconds: 20 },
	'18': { alert: 'config_refused', seconds: 10 },
	'25': { alert: 'retries', seconds: 30 },
	'26': { alert: 'slow_clients', seconds: 15 },
	'27': { alert: 'oversized_requests', seconds: 10 },
	'28': { alert: 'oversized_requests', seconds: 10 },
	'29': { alert: 'malformed_requests', seconds: 10 },
	pool: { alert: 'pool_down', seconds: 15 },
	release: { alert: 'rolled_back', seconds: 10 },
	answers: { alert: 'instance_died', seconds: 10 },
	sessions: { alert: 'instance_died', seconds: 10 },
	crashes: { alert: 'crash_loop', seconds: 60 },
	disk: { alert: 'store_failing', seconds: 20 },
	overload: { alert: 'shedding', seconds: 25 },
};

/** Longer versions, as `npm run faults` runs them; `npm test` runs the shorter ones. */
export const LONG: boolean = process.env['BALLAST_FAULTS'] === 'long';

/** So much in the shorter version, so much in the longer one. */
export const sized = (short: number, long: number): number => (LONG ? long : short);
