/** A platform that is spoken to by commands. Import the types only where zod must not be loaded. */
import type { z } from 'zod';
import {
	bool,
	duration,
	integer,
	key,
	list,
	map,
	notEmpty,
	object,
	oneOf,
	required,
	text,
	valueOrReference,
} from '../../core/schema.ts';
import { complainOfCommand } from '../words.ts';

export interface ExecConfig {
	kind: 'exec';
	/** argv; no shell is between. */
	commands: {
		list: string[];
		resize: string[];
		remove: string[];
		/** null: members cannot be given another size. */
		size: string[] | null;
		/** null: what members use is not known. */
		usage: string[] | null;
	};
	/** Of members that `list` gives no port; 0: none. */
	port: number;
	/** They speak TLS. */
	tls: boolean;
	/** Most time for one command, ms. */
	timeoutMs: number;
	/** Between two runs of `list`, ms. */
	pollMs: number;
	/** How long `list` may still show what was before a change, ms. */
	lagMs: number;
	/** Absolute. */
	cwd: string;
	/** Secrets are already resolved: never print it. */
	env: Record<string, string>;
	/** Names in `env` whose values came from a reference. */
	secretEnv: string[];
}

const word = text('text', notEmpty('text that is not empty'));
const command = oneOf(
	[text('a command', complainOfCommand, 'command'), list(word, 'words')],
	'a command such as `./group list`, or a list of its words',
);

export const execForm = object({
	exec: required(
		object({
			list: required(command, 'Prints the group: its size and its members.', { example: './group list' }),
			resize: required(command, 'Sets the size of the group.', { example: './group resize' }),
			remove: required(command, 'Ends members that are drained, and lowers the size by as many.', {
				example: './group remove',
			}),
			size: key(command, 'Gives members another size (CPU, memory).', { example: './group size' }),
			usage: key(command, 'Prints what members use of their CPU and memory.', { example: './group usage' }),
			port: key(integer(1, 65_535), 'Port of members that `list` gives none.', { example: 8080 }),
			tls: key(bool(), 'Members speak TLS.', { default: false, example: true }),
			timeout: key(duration(100, 3_600_000), 'Most time for one command; it is killed after it.', {
				default: '30s',
				example: '10s',
			}),
			poll: key(duration(500, 3_600_000), 'Time between two runs of `list`.', { default: '5s', example: '15s' }),
			lag: key(duration(0, 600_000), 'How long `list` may still show what was before a change.', {
				default: '10s',
				example: '0s',
			}),
			cwd: key(
				text('a folder', notEmpty('a folder'), 'path'),
				'Folder to run the commands in, from that of the file.',
				{
					defaultText: 'the folder of the file',
					example: './platform',
				},
			),
			env: key(
				map(valueOrReference, 'names and values'),
				'Environment variables of the commands; of those of Ballast they get only PATH, HOME, LANG and their like.',
				{ default: {}, example: { TOKEN: { file: './token' } } },
			),
		}),
		'Instances of any other platform, spoken to by commands: JSON in, JSON out.',
		{ example: { list: './group list', resize: './group resize', remove: './group remove', port: 8080 } },
	),
});

export type ExecInput = z.input<typeof execForm>['exec'];
