import { GLOBAL_OPTIONS } from '../config/arguments.ts';
import { type Command, JSON_OPTION } from './command.ts';

export const PURGE: Command = {
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
