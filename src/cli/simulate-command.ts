/** `ballast simulate`, as `--help` and the parser see it. */
import { GLOBAL_OPTIONS } from '../config/arguments.ts';
import { type Command, JSON_OPTION } from './command.ts';

export const SIMULATE: Command = {
	arguments: {
		name: 'simulate',
		positionals: [],
		options: [
			{
				name: 'trace',
				value: 'FILE',
				text: 'the load: a file; generate:… makes one up; metrics:24h is what Ballast remembers',
			},
			{
				name: 'policy',
				value: 'CONFIG',
				text: 'configuration with the `scale` to try; default: the file of this folder',
			},
			{ name: 'service', value: 'NAME', text: 'whose `scale`, where there are several: videos, videos/standby' },
			{
				name: 'compare',
				value: 'CONFIG',
				multiple: true,
				text: "another configuration, or hpa: Kubernetes' autoscaler at its defaults; more than once",
			},
			{
				name: 'service-time',
				value: 'TIME',
				text: 'of a request: 80ms, lognormal:mean=80ms,p99=400ms, metrics:1h, …; default: as the trace',
			},
			{ name: 'concurrency', value: 'N', text: 'requests that an instance works on at once; default: 10' },
			{
				name: 'cpu-time',
				value: 'TIME',
				text: 'CPU that a request needs; default: 100 % when an instance is full',
			},
			{
				name: 'start-up',
				value: 'TIME',
				text: 'until an instance is ready: 2s, uniform:from=1s,to=5s, …; default: 2s',
			},
			{ name: 'warm-up', value: 'TIME[:N]', text: 'after that it is N times slower for so long: 30s:2; default: none' },
			{ name: 'timeout', value: 'TIME', text: 'who waits longer goes unmet; default: 10s' },
			{
				name: 'queue',
				value: 'N',
				text: 'most requests that wait at an instance, more are refused; default: no bound',
			},
			{ name: 'hold', value: 'N', text: 'most requests that are held while no instance is ready; default: 1000' },
			{ name: 'load', value: 'FACTOR', text: 'so many times as many requests: 2, 0.5; default: 1' },
			{ name: 'instances', value: 'N', text: 'how many there are at first; default: as many as the load needs then' },
			{ name: 'without', value: 'SIGNAL', multiple: true, text: 'leave this signal of the policy out' },
			{ name: 'cost', value: 'COST', text: 'what an instance costs: 0.04/h, 1/day, 30/month' },
			{
				name: 'engine',
				value: 'NAME',
				text: 'events: each request by itself; fluid: their mean course; default: by their number',
			},
			{ name: 'seed', value: 'N', text: 'another one draws other random numbers; default: 1' },
			{ name: 'html', value: 'FILE', text: 'write a page with pictures' },
			JSON_OPTION,
			...GLOBAL_OPTIONS,
		],
	},
	summary: 'try a scaling policy out on a load, without starting anything',
	about: [
		'Has the policy decide over a recorded or made-up load, with a model of the instances, and shows instances,',
		'unmet requests, latencies, instance-hours and cost, beside an always sufficient number of instances and',
		'one that knows the load in advance. The decisions are those that `ballast up` would take.',
		'A trace is an access log of Ballast, common or combined log format, CSV of times, or of times and counts;',
		'gzip is read. generate: takes constant, diurnal, step, ramp, flash and noise, put together with commas.',
	],
	examples: [
		['ballast simulate --trace access.log --policy ballast.yaml', 'what it would have done'],
		['ballast simulate --trace access.log --compare hpa --load 3', 'three times the load, beside an HPA'],
		['ballast simulate --trace generate:constant:200,step:at=5m:times=5:for=5m,for=20m', 'a step, made up'],
		['ballast simulate --trace generate:diurnal:300,noise:20%,for=24h --cost 0.04/h --html day.html', 'a day'],
	],
};
