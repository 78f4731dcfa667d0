import type { Config } from '../config/config.ts';
import { stateFolder } from '../store/folder.ts';

/** Where a Ballast of this name keeps what lasts; null: nowhere. */
export const storeFolder = ({ store }: Pick<Config, 'store'>, name: string): string | null =>
	store === null ? null : (store.folder ?? stateFolder(name, process.env));
