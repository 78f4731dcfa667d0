/** The commands that look at what runs, as `--help` and the parser see them. */
import { type CommandArguments, GLOBAL_OPTIONS, type OptionArguments } from '../config/arguments.ts';
import { type Command, JSON_OPTION } from './command.ts';

const takes = (name: string, positionals: string[], ...options: OptionArguments[]): CommandArguments => ({
	name,
	positionals,
	options: [...options, ...GLOBAL_OPTIONS],
});

/** What every command that looks back takes. */
const TIME_OPTIONS: readonly OptionArguments[] = [
	{ name: 'since', value: 'DURATION', text: 'from so long ago on: 15m, 2h, 7d' },
	{ name: 'from', value: 'TIME', text: 'from this time on: 14:30, 2026-11-28 14:30, 2026-11-28T14:30:00Z' },
	{ name: 'to', value: 'TIME', text: 'until this time; default: now' },
];

const LIMIT: OptionArguments = { name: 'limit', value: 'N', text: 'at most so many, the newest; default: 100' };
const FOLLOW: OptionArguments = { name: 'follow', short: 'f', text: 'go on with what comes, until Ctrl-C' };
const LINES_JSON: OptionArguments = { ...JSON_OPTION, text: 'print the answer as JSON; with --follow an entry a line' };

const TOP: Command = {
	arguments: takes(
		'top',
		[],
		{ name: 'once', text: 'print it once and end, as where standard output is no terminal' },
		{ name: 'sort', value: 'COLUMN', text: 'sort by this column: name, req/s, errors, p95, …' },
		{ ...JSON_OPTION, text: 'print the rows as JSON, once' },
	),
	summary: 'watch services, routes and instances, live',
	about: [
		'Shows rates, errors, latencies and resources of the last minute, anew each second.',
		'Enter looks closer at a service; `?` lists the keys; `q` or Ctrl-C ends it.',
	],
	examples: [
		['ballast top', 'live'],
		['ballast top --once --sort p95', 'one look, the slowest first'],
	],
};

const LOGS: Command = {
	arguments: takes(
		'logs',
		['[query]'],
		FOLLOW,
		...TIME_OPTIONS,
		LIMIT,
		{ name: 'histogram', text: 'how many over time' },
		{ name: 'top', value: 'FIELD', text: 'the most frequent values of a field' },
		{ name: 'percentiles', value: 'FIELD', text: 'percentiles of a field that is a number' },
		{ name: 'patterns', text: 'messages that differ only in numbers and ids, put together; new and grown ones first' },
		{ name: 'traffic', text: 'who asks for what: routes against the time before, clients, agents, bots, the slowest' },
		{ name: 'export', text: 'all of them, as JSON, one a line, oldest first' },
		LINES_JSON,
	),
	summary: 'search the logs of everything',
	about: [
		'Searches the access log, what instances print, jobs and events; of the last hour unless it is said otherwise.',
		'The query: words (all must be there), "a phrase", -not, field:value with `*` for anything, field>=number,',
		'level:warn (that and above), source:access, trace:ID, OR and parentheses.',
	],
	examples: [
		['ballast logs', 'the newest 100 entries'],
		['ballast logs --follow \'route:/v1/* status>=500 "time-out"\'', 'as they come'],
		['ballast logs level:error --since 1d --histogram', 'when errors happened'],
		['ballast logs source:access --percentiles duration_s', 'how long requests took'],
		['ballast logs --patterns --since 6h', 'what is new, and what has grown'],
		['ballast logs --traffic --since 1d', 'today against yesterday'],
		['ballast logs --from 2026-11-27 --to 2026-11-28 --export > day.ndjson', 'a day, whole'],
	],
};

const EVENTS: Command = {
	arguments: takes('events', ['[query]'], FOLLOW, ...TIME_OPTIONS, LIMIT, LINES_JSON),
	summary: 'show what happened',
	about: [
		'Lists what Ballast did and noticed: starts and ends of instances, verdicts, roll-outs, reloads, alerts;',
		'of the last hour unless it is said otherwise. The query is one of `ballast logs`.',
	],
	examples: [
		['ballast events --since 1d', 'a day'],
		['ballast events --follow service:videos', 'of one service, as they come'],
	],
};

const METRICS: Command = {
	arguments: takes(
		'metrics',
		['[query]'],
		...TIME_OPTIONS,
		{ name: 'points', value: 'N', text: 'values of each series, 1 to 2000; default: as many as there is room for' },
		{ name: 'list', text: 'which figures there are' },
		JSON_OPTION,
	),
	summary: 'show a figure over time',
	about: [
		'Draws one series as a chart, several as a table; of the last 15 minutes unless it is said otherwise.',
		'The query: a figure or the name of a metric, label:value with `*` for anything, `by` labels, `over` a time.',
	],
	examples: [
		['ballast metrics --list', 'what can be asked for'],
		["ballast metrics 'p95 service:videos by route over 5m' --since 6h", 'a line for each route'],
		['ballast metrics ballast_retries_total --json', 'a metric by its name; for scripts'],
	],
};

const ALERTS: Command = {
	arguments: takes(
		'alerts',
		[],
		{ name: 'ack', value: 'ALERT', text: 'say that somebody is at it: it is not sent again' },
		{ name: 'silence', value: 'WHERE', text: 'send nothing of this alert, or of these labels (service:videos)' },
		{ name: 'for', value: 'DURATION', text: 'how long to be silent; default: 2h' },
		{ name: 'unsilence', value: 'WHERE', text: 'end a silence' },
		{ name: 'comment', value: 'TEXT', text: 'why, for the others' },
		{ name: 'by', value: 'NAME', text: 'who; default: the user of this shell' },
		{ name: 'test', value: 'CHANNEL', text: 'send a test alert by a channel' },
		JSON_OPTION,
	),
	summary: 'show what is wrong, and take it up',
	about: ['Lists alerts that are pending, firing or just resolved: value and limit, since when, and the likely cause.'],
	examples: [
		['ballast alerts', 'what is wrong now'],
		["ballast alerts --ack slow --comment 'rolling back'", 'somebody is at it'],
		['ballast alerts --silence service:videos --for 1h', 'quiet while we work'],
		['ballast alerts --test slack', 'does it arrive?'],
	],
};

const REVIEW: Command = {
	arguments: takes('review', [], ...TIME_OPTIONS.slice(0, 1), JSON_OPTION),
	summary: 'say what is too small, too big, or slow, and why',
	about: [
		'Looks over the last day, unless it is said otherwise: what is saturated, what the time of a route is spent on,',
		'which sizes do not fit, which alerts never or always fire. Plain sentences, with the figures.',
	],
	examples: [
		['ballast review', 'of the last day'],
		['ballast review --since 1h --json', 'of the last hour, for scripts'],
	],
};

const PROFILE: Command = {
	arguments: takes(
		'profile',
		['service'],
		{ name: 'instance', value: 'NAME', text: 'which one; default: the one with the most to do' },
		{ name: 'seconds', value: 'N', text: 'how long, 1 to 600; default: 10' },
		{ name: 'interval', value: 'US', text: 'microseconds between two samples, 100 to 100000; default: 1000' },
		{ name: 'output', value: 'PATH', text: 'where to write, without ending; default: SERVICE-TIME in this folder' },
		{ ...JSON_OPTION, text: 'print what was found as JSON; progress goes to standard error' },
	),
	summary: 'record what a Node.js instance spends its CPU on',
	about: [
		'Profiles an instance of this machine under its real load, and writes a flame graph (.html) and the profile',
		'(.cpuprofile, for the tools of Chrome or an editor). It opens the inspector of that process on loopback and',
		'closes it again; only its main thread is seen. Ctrl-C ends the recording early.',
	],
	examples: [
		['ballast profile videos', 'ten seconds of its busiest instance'],
		['ballast profile videos --instance videos-2 --seconds 30 --output slow', 'writes slow.html, slow.cpuprofile'],
	],
};

const SCALING: Command = {
	arguments: takes(
		'scaling',
		['[history|explain]', '[POOL or ID]'],
		...TIME_OPTIONS,
		{ name: 'limit', value: 'N', text: 'at most so many, the newest; default: 50' },
		{ name: 'all', text: 'decisions that changed nothing, too' },
		JSON_OPTION,
	),
	summary: 'show how many instances there are, and why',
	about: [
		'Alone: the size of each pool that scales itself, and what its last decision was made from.',
		'history: what was decided, of the last day unless it is said otherwise. explain: one decision, step by step.',
	],
	examples: [
		['ballast scaling', 'what is decided now'],
		['ballast scaling history videos --since 2h', 'what was'],
		['ballast scaling explain mij2t3w-4', 'why'],
	],
};

export const SEEING_COMMANDS: readonly Command[] = [TOP, LOGS, EVENTS, METRICS, ALERTS, REVIEW, SCALING, PROFILE];
