import { z } from 'zod';
import { choice, key, notEmpty, object, oneOf, text } from '../core/schema.ts';

/** Where everything that lasts is kept. */
export interface StoreConfig {
	/** null: the user's state folder, under the name of this Ballast. */
	folder: string | null;
}

const folder = text('a folder such as ./data', notEmpty('a folder such as ./data'), 'path');

export const storeSchema = oneOf(
	[
		z.literal(false, { error: 'expected false' }),
		choice('off'),
		folder,
		object({
			folder: key(folder, 'Its path, seen from this file.', {
				defaultText: '`$STATE_DIRECTORY`, or `ballast/<name>` in `$XDG_STATE_HOME` (`~/.local/state`)',
				example: './data',
			}),
		}),
	],
	'a folder, an object with folder, or off',
);

export type StoreInput = z.input<typeof storeSchema>;
