/** Every command, as `--help` and the parser see it. `main.ts` knows what carries them out. */
import { type CommandArguments, GLOBAL_OPTIONS, type OptionArguments, RUN, UP } from '../config/arguments.ts';
import { type Command, JSON_OPTION } from './command.ts';
import { JOBS } from './jobs-command.ts';
import { SEEING_COMMANDS } from './seeing-commands.ts';
import { SIMULATE } from './simulate-command.ts';

const takes = (name: string, positionals: string[], ...options: OptionArguments[]): CommandArguments => ({
	name,
	positionals,
	options: [...options, ...GLOBAL_OPTIONS],
});

const OPERATION_JSON: OptionArguments = {
	...JSON_OPTION,
	text: 'print the result as JSON; progress goes to standard error',
};
const REGION: OptionArguments = { name: 'region', value: 'NAME', text: 'all pools whose `region` is this one' };
const FORCE: OptionArguments = {
	name: 'force',
	text: 'a region even where no instance outside of it is ready',
};
const FILES = 'Without [config]: ballast.config.ts, ballast.yaml, ballast.yml or ballast.json of this folder.';
const LEFT = 'Ctrl-C ends the waiting, not what was asked for.';

const PURGE: Command = {
	arguments: {
		name: 'purge',
		positionals: ['[url…]'],
		options: [
			{ name: 'prefix', value: 'PREFIX', multiple: true, text: 'all below a host and the begin of a path' },
			{ name: 'tag', value: 'TAG', multiple: true, text: 'all with this tag (`Surrogate-Key` or `Cache-Tag`)' },
			{ name: 'all', text: 'everything' },
			{ name: 'soft', text: 'stale, not gone: it is given while it is asked for anew' },
			{ name: 'cdn', value: 'NAME', multiple: true, text: 'tell only this target of `purge`; default: all of them' },
			{ name: 'no-cdn', text: 'tell none of them' },
			JSON_OPTION,
			...GLOBAL_OPTIONS,
		],
	},
	summary: 'take answers out of the cache, here and at the CDNs in front',
	about: [
		'By URL, by prefix, by tag, or everything; what the targets of `purge` in the configuration keep is purged too.',
		'A target that does not take it at once is told again until it does; an event says so when it never will.',
		'Says `nothing matched` where there was nothing. Exit code 1: a target refused it.',
	],
	examples: [
		['ballast purge https://api.example.com/v1/avatars', 'one URL'],
		['ballast purge --tag product-42 --tag product-43', 'all answers with one of these tags'],
		['ballast purge --prefix api.example.com/v1/ --soft', 'stale, not gone'],
		['ballast purge --all --no-cdn', 'all of this node, and nobody else'],
	],
};

export const COMMANDS: readonly Command[] = [
	{
		arguments: UP,
		summary: 'start what the configuration says',
		about: [
			'Starts the instances, balances requests over them and stays in the foreground.',
			'Ctrl-C or SIGTERM drains and stops; SIGHUP reloads.',
			FILES,
		],
		examples: [
			['ballast up', 'the configuration of this folder'],
			['ballast up prod.yaml --watch', 'reload when a file changes'],
			['ballast up --name blue', 'a second Ballast on this machine'],
		],
	},
	{
		arguments: RUN,
		summary: 'run a command as several instances, without a configuration',
		about: [
			'Starts instances of the command, each with a PORT of its own to listen on, and balances over them.',
			'There is no shell between: the words behind `--` are the command and its arguments.',
		],
		examples: [
			['ballast run -- node server.js', 'two instances behind http://127.0.0.1:8080'],
			['ballast run --port 3000 --instances 4 --health /healthz -- node server.js', 'four, probed by HTTP'],
		],
	},
	{
		arguments: takes(
			'check',
			['[config]'],
			{ name: 'live', text: 'also ask each platform of instances once, changing nothing there' },
			JSON_OPTION,
		),
		summary: 'say whether a configuration is valid',
		about: [
			'Reads the configuration as `up` does and lists everything that is wrong with it; nothing is started.',
			'Warns of commands and users that this machine does not have: another one may be meant.',
			'With --live each platform is looked at as `up` would; exit code 1 says that one does not answer, or what',
			'permission is missing, also of those needed later to resize, to remove and to give a size, as far as the',
			'platform tells beforehand; those that it does not are listed.',
			FILES,
		],
		examples: [
			['ballast check', 'exit code 0: valid, 2: not'],
			['ballast check --live', 'with the credentials of this machine'],
			['ballast check prod.yaml --json', 'for scripts and editors'],
		],
	},
	{
		arguments: takes('print', ['[config]'], JSON_OPTION),
		summary: 'show the resolved configuration',
		about: ['Prints the configuration with every default filled in; secrets are masked, as are webhooks.', FILES],
		examples: [['ballast print', 'what Ballast would run with']],
	},
	{
		arguments: takes('diff', ['[config]', '[config]'], JSON_OPTION, {
			name: 'exit-code',
			text: 'exit with 1 when they differ',
		}),
		summary: 'show what a reload would change',
		about: [
			'Compares the running configuration with the file, or two files with each other.',
			'Secrets of the running configuration are masked: one that changed shows only between files.',
			FILES,
		],
		examples: [
			['ballast diff', 'running against this folder'],
			['ballast diff old.yaml new.yaml --exit-code', 'two files; exit code 1 when they differ'],
		],
	},
	{
		arguments: takes(
			'explain',
			['URL or ID'],
			{ name: 'method', value: 'METHOD', text: 'method of the request; default: GET' },
			{ name: 'header', value: "'NAME: VALUE'", multiple: true, text: 'a header field; may be given more than once' },
			{ name: 'config', value: 'FILE', text: 'ask this file; default: what runs, else the file of this folder' },
			JSON_OPTION,
		),
		summary: 'show where a request would go, or where the time of one went',
		about: [
			'Of a request id (the trace id in a log line or an answer): a waterfall of what was done, and its log entries.',
			'Of a URL, a whole one or only a path: the service, route, pool and policies that a request would meet,',
			'and why the other routes do not take it. No request is sent.',
		],
		examples: [
			['ballast explain 4bf92f3577b34da6a3ce929d0e0e4736', 'where the time of that request went'],
			['ballast explain /v1/avatars', 'GET of that path'],
			[
				"ballast explain http://old.example.com/a --method POST --header 'x-tenant: acme'",
				'by host, method and header',
			],
		],
	},
	{
		arguments: takes('export', ['what', '[config]'], {
			name: 'to',
			value: 'FOLDER',
			text: 'write the files below this folder; default: standard output',
		}),
		summary: 'write ready files for Prometheus, Alertmanager or Grafana',
		about: [
			'prometheus-rules: the alerts as rules for Prometheus; with --to also tests for promtool.',
			'alertmanager: receivers, groups and inhibitions, without secrets. grafana: a provisioning folder.',
			FILES,
		],
		examples: [
			['ballast export prometheus-rules > ballast.rules.yml', 'the same alerts, watched by Prometheus'],
			['ballast export alertmanager prod.yaml > alertmanager.yml', 'the same channels, told by Alertmanager'],
			['ballast export grafana --to ./grafana', 'dashboards'],
		],
	},
	{
		arguments: takes('status', [], JSON_OPTION, { name: 'watch', text: 'show it anew every second until Ctrl-C' }),
		summary: 'show what runs and how it is',
		about: [
			'Shows listeners, workers, services, instances and routes of the running Ballast,',
			'with their counts and latencies.',
		],
		examples: [
			['ballast status', 'a table'],
			['ballast status --watch', 'live'],
			['ballast status --json', 'for scripts; with --watch one line a second'],
		],
	},
	...SEEING_COMMANDS,
	SIMULATE,
	{
		arguments: takes('restart', ['[service]'], OPERATION_JSON),
		summary: 'replace the instances one by one, without losing a request',
		about: [
			'Starts a new instance, waits until it is ready, drains an old one, and so on;',
			'of one service, of one of its pools, or of all.',
			LEFT,
		],
		examples: [
			['ballast restart', 'every service that Ballast runs'],
			['ballast restart videos', 'one service'],
			['ballast restart videos/standby', 'one of its pools'],
		],
	},
	{
		arguments: takes('reload', [], OPERATION_JSON),
		summary: 'take up the changed configuration',
		about: [
			'Reads the configuration again and changes what differs; everything else keeps its connections and counts.',
			'A configuration that is not valid changes nothing: the problems are printed and the exit code is 2.',
			LEFT,
		],
		examples: [['ballast diff && ballast reload', 'look first']],
	},
	{
		arguments: takes(
			'scale',
			['service', 'n'],
			{ name: 'no-wait', text: 'return at once; default: when the instances are ready and those too many are gone' },
			OPERATION_JSON,
		),
		summary: 'run so many instances of a service',
		about: [
			'Starts or drains instances until n are there. It holds until the next start or change of `scale`.',
			"Outside of a range's `min` and `max` it is refused: change them there. 0 switches the service off.",
			'Of a service with several pools it sets one.',
			'When an instance does not become ready, the exit code is 1; it is tried again all the same.',
			LEFT,
		],
		examples: [
			['ballast scale videos 4', 'four instances; returns when they are ready'],
			['ballast scale videos/standby 1 --no-wait', 'one in the pool standby; returns at once'],
		],
	},
	{
		arguments: takes('drain', ['[instance]'], REGION, FORCE, OPERATION_JSON),
		summary: 'take one instance, or a region, out of rotation',
		about: [
			'Gives the instance, or all pools of the region, no new requests and waits for those under way.',
			'They keep running. It holds over reloads, crashes and upgrades, until `undrain`.',
			'`ballast status` lists instances and regions.',
			LEFT,
		],
		examples: [
			['ballast drain videos-3', 'one instance'],
			['ballast drain --region eu-west', 'all pools of that region; their traffic moves to others'],
		],
	},
	{
		arguments: takes('undrain', ['[instance]'], REGION, OPERATION_JSON),
		summary: 'take what was drained back into rotation',
		about: ['The instance, or the pools of the region, get requests again as soon as they are ready.'],
		examples: [
			['ballast undrain videos-3', 'one instance'],
			['ballast undrain --region eu-west', 'all pools of that region'],
		],
	},
	{
		arguments: {
			...takes(
				'deploy',
				['service'],
				{ name: 'abort', text: 'roll the new version back' },
				{ name: 'promote', text: 'have the new version take all requests at once' },
				OPERATION_JSON,
			),
			rest: '[command…]',
		},
		summary: 'have a new version of a service take over, step by step',
		about: [
			'Starts new instances beside the old ones, as the configuration file says now or of the command behind `--`.',
			'They take a share of the requests in steps (`deploy` in the configuration) and are judged against the old',
			'ones by errors and latency; a version that does worse is rolled back by itself.',
			'Exit code 0: it took over; 1: it was rolled back. Ctrl-C leaves the roll-out running.',
		],
		examples: [
			['ballast deploy videos', 'what the file says now, or new code behind the same command'],
			['ballast deploy videos -- node v2.js', 'another command, in the same folder and environment'],
			['ballast deploy videos --abort', 'back to the old version'],
		],
	},
	JOBS,
	PURGE,
	{
		arguments: takes('stop', [], OPERATION_JSON),
		summary: 'drain and stop',
		about: ['Takes no new connections, waits for the requests under way, stops the instances and ends.', LEFT],
		examples: [['ballast stop', 'the one named default']],
	},
	{
		arguments: takes('upgrade', [], OPERATION_JSON),
		summary: 'go on with the program that is installed now',
		about: ['Starts the new version beside the old one, on the same sockets and instances, then drains the old.', LEFT],
		examples: [['npm install -g ballast && ballast upgrade', 'install, then change over']],
	},
	{
		arguments: { name: 'help', positionals: ['[command]'], options: GLOBAL_OPTIONS },
		summary: 'this list, or how a command is used',
		about: ['The same as `ballast <command> --help`.'],
		examples: [['ballast help run', 'how `run` is used']],
	},
];

export function findCommand(name: string): Command | undefined {
	return COMMANDS.find((command) => command.arguments.name === name);
}
