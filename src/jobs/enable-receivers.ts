import type { ReceiverStore } from './receiver-store.ts';

/** Of those that are called no more, one by its key, or all of a host, from the newest on; how many they were. */
export async function enableReceivers(store: ReceiverStore, receiver: string, most: number): Promise<number> {
	const gone = await store.gone(most);
	const meant = gone.filter(({ key, host }) => key === receiver || host === receiver.toLowerCase());
	return meant.length === 0 ? 0 : store.removeGone(meant.map(({ key }) => key));
}
