import type { Exchange } from '../../gateway/exchange.ts';
import { hashOf } from '../../jobs/idempotency.ts';
import { type OffloadPolicy, OWNER_GROUP } from '../../jobs/offload-policy.ts';

/** Characters of a hash that are kept: 132 bits. */
const KEPT = 22;

/** Hash of the first credential that is there; '': there is none. */
export function ownerOf(exchange: Exchange, fields: readonly string[]): string {
	for (const name of fields) {
		const value = exchange.head.fields.list(exchange.buffer, name);
		if (value !== undefined && value !== '') return hashOf(name, value).slice(0, KEPT);
	}
	return '';
}

/** Whose money a job costs: what tells groups apart where that is a field, otherwise each credential. */
export function tenantOf(exchange: Exchange, policy: Pick<OffloadPolicy, 'group' | 'owner'>, owner: string): string {
	return groupOf(exchange, policy.group === null ? { ...policy, group: OWNER_GROUP } : policy, owner);
}

/** What a group begins with that is the hash of a credential: the store keeps a keyed one of it. */
export const CREDENTIAL_GROUP = ':';
/** Longest name of a group, characters. */
const GROUP_MOST = 100;
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key']);

/** Among which turns are shared; '': among all. What may be a credential is only hashed. */
export function groupOf(
	exchange: Exchange,
	{ group, owner: fields }: Pick<OffloadPolicy, 'group' | 'owner'>,
	owner: string,
): string {
	if (group === null) return '';
	if (group === OWNER_GROUP) return owner === '' ? '' : CREDENTIAL_GROUP + owner;
	const value = exchange.field(group) ?? '';
	if (value === '') return '';
	if (CREDENTIALS.has(group) || fields.includes(group)) return CREDENTIAL_GROUP + hashOf(group, value).slice(0, KEPT);
	return value.slice(0, GROUP_MOST);
}
